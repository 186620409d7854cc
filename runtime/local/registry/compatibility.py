"""Compatibility levels. The rules themselves are Apache Avro's own (`avro.compatibility`)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any

from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from runtime.local.registry.errors import RegistryError


class Level(StrEnum):
    """What a new version of a schema must be able to do with the versions before it."""

    NONE = "NONE"
    BACKWARD = "BACKWARD"
    BACKWARD_TRANSITIVE = "BACKWARD_TRANSITIVE"
    FORWARD = "FORWARD"
    FORWARD_TRANSITIVE = "FORWARD_TRANSITIVE"
    FULL = "FULL"
    FULL_TRANSITIVE = "FULL_TRANSITIVE"

    @property
    def transitive(self) -> bool:
        """Whether all versions before count, or only the last one."""
        return self.name.endswith("_TRANSITIVE")

    @property
    def reads_old_data(self) -> bool:
        """Whether the new schema must read what the old ones wrote."""
        return self.name.startswith(("BACKWARD", "FULL"))

    @property
    def read_by_old(self) -> bool:
        """Whether the old schemas must read what the new one writes."""
        return self.name.startswith(("FORWARD", "FULL"))


def parse_level(name: object) -> Level:
    """The level of this name. Raises RegistryError 42203."""
    try:
        return Level(str(name).upper())
    except ValueError as error:
        raise RegistryError(
            42203, f"Invalid compatibility level. Valid values are {', '.join(Level)}"
        ) from error


def incompatibilities(new: Any, former: Sequence[Any], level: Level) -> list[str]:
    """Why `new` may not follow the parsed schemas `former` (oldest first); empty if it may."""
    counting = former if level.transitive else former[-1:]
    return [message for old in reversed(counting) for message in against(new, old, level)]


def against(new: Any, old: Any, level: Level) -> list[str]:
    """The same against one version, whichever that is."""
    found: list[str] = []
    if level.reads_old_data:
        found += _problems("new schema cannot read data of the old one", reader=new, writer=old)
    if level.read_by_old:
        found += _problems("old schema cannot read data of the new one", reader=old, writer=new)
    return found


def _problems(what: str, *, reader: Any, writer: Any) -> Iterable[str]:
    checker: Any = ReaderWriterCompatibilityChecker
    result = checker().get_compatibility(reader, writer)
    if result.compatibility is SchemaCompatibilityType.compatible:
        return []
    kinds = ", ".join(dict.fromkeys(kind.value for kind in result.incompatibilities))
    places = ", ".join(sorted(result.locations))
    return [f"{what}: {kinds} at {places}: {message}" for message in sorted(result.messages)]
