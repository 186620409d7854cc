"""What the registry does, apart from HTTP: register, look up, check, delete."""

from __future__ import annotations

from typing import Any, Final

from runtime.local.registry.avro_schema import SchemaText, parse
from runtime.local.registry.compatibility import Level, against, incompatibilities
from runtime.local.registry.errors import (
    RegistryError,
    invalid_schema,
    schema_not_found,
    subject_not_found,
    version_not_found,
)
from runtime.local.registry.store import Store, Version

DEFAULT_LEVEL: Final = Level.BACKWARD_TRANSITIVE
MODES: Final = ("READWRITE", "READONLY", "READONLY_OVERRIDE")
LATEST: Final = "latest"


class Registry:
    """The registry over its store."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def subjects(self, *, prefix: str = "", deleted: bool = False) -> list[str]:
        """All subjects; with `deleted`, those too that have only deleted versions."""
        found = (each.subject for each in self.store.versions() if deleted or not each.deleted)
        return [subject for subject in dict.fromkeys(found) if subject.startswith(prefix)]

    def versions(self, subject: str, *, deleted: bool = False) -> list[Version]:
        """A subject's versions, oldest first. Raises RegistryError 40401."""
        found = [each for each in self.store.versions(subject=subject) if deleted or not each.deleted]
        if not found:
            raise subject_not_found(subject)
        return found

    def version(self, subject: str, number: str, *, deleted: bool = False) -> Version:
        """One version, or the latest. Raises RegistryError 40401, 40402, 42202."""
        wanted = _version_number(number)
        found = self.versions(subject, deleted=deleted)
        if wanted is None:
            return found[-1]
        for each in found:
            if each.version == wanted:
                return each
        raise version_not_found(number)

    def by_id(self, schema_id: int) -> list[Version]:
        """Every version of a schema, deleted ones too. Raises RegistryError 40403."""
        found = self.store.versions(schema_id=schema_id)
        if not found:
            raise schema_not_found(schema_id)
        return found

    def lookup(self, subject: str, schema: SchemaText, *, deleted: bool = False) -> Version:
        """The version of this schema. Raises RegistryError 40401, 40403, 42201."""
        self._parse(schema)
        for each in reversed(self.versions(subject, deleted=deleted)):
            if each.fingerprint == schema.fingerprint:
                return each
        raise schema_not_found()

    def register(self, subject: str, schema: SchemaText) -> int:
        """Register a schema; its id. Raises RegistryError 409, 42201, 42205."""
        parsed = self._parse(schema)
        with self.store.transaction():
            versions = self.store.versions(subject=subject)
            live = [each for each in versions if not each.deleted]
            for each in live:
                if each.fingerprint == schema.fingerprint:
                    return each.schema_id
            self._require_writable(subject)
            problems = incompatibilities(
                parsed, [self._parse(each.schema) for each in live], self.level(subject)
            )
            if problems:
                raise _incompatible(subject, problems)
            return self.store.add(subject, versions[-1].version + 1 if versions else 1, schema)

    def problems(self, subject: str, schema: SchemaText, number: str | None = None) -> list[str]:
        """Why a schema could not be registered: against one version, or against all that the level names."""
        parsed = self._parse(schema)
        level = self.level(subject)
        if number is not None:
            return against(parsed, self._parse(self.version(subject, number).schema), level)
        live = [each for each in self.store.versions(subject=subject) if not each.deleted]
        return incompatibilities(parsed, [self._parse(each.schema) for each in live], level)

    def level(self, subject: str | None = None) -> Level:
        """The level in force."""
        own = self.store.option("compatibility", subject) if subject else None
        return Level(own or self.store.option("compatibility") or DEFAULT_LEVEL)

    def mode(self, subject: str | None = None) -> str:
        """The mode in force."""
        own = self.store.option("mode", subject) if subject else None
        return own or self.store.option("mode") or MODES[0]

    def referenced_by(self, version: Version) -> list[int]:
        """Ids of the schemas that refer to this version."""
        key = (version.subject, version.version)
        users = (
            each.schema_id
            for each in self.store.versions()
            if key in {(reference.subject, reference.version) for reference in each.schema.references}
        )
        return list(dict.fromkeys(users))

    def _parse(self, schema: SchemaText) -> Any:
        return parse(schema.text, list(self._dependencies(schema, ()).values()))

    def _dependencies(self, schema: SchemaText, path: tuple[str, ...]) -> dict[str, str]:
        """Texts of all schemas that this one needs, by subject and version, dependencies first."""
        found: dict[str, str] = {}
        for reference in schema.references:
            key = f"{reference.subject}:{reference.version}"
            if key in path:
                raise invalid_schema(f"circular reference: {key}")
            try:
                target = self.version(reference.subject, str(reference.version), deleted=True)
            except RegistryError as error:
                raise invalid_schema(f"reference {reference.name}: {error.message}") from error
            found |= self._dependencies(target.schema, (*path, key))
            found[key] = target.schema.text
        return found

    def _require_writable(self, subject: str) -> None:
        mode = self.mode(subject)
        if mode != MODES[0]:
            raise RegistryError(42205, f"Subject {subject} is in {mode} mode")


def _version_number(text: str) -> int | None:
    """None for the latest. Raises RegistryError 42202."""
    if text in (LATEST, "-1"):
        return None
    if not text.isdecimal() or not 0 < int(text) < 2**31:
        raise RegistryError(
            42202,
            f"The specified version '{text}' is not a valid version id. Allowed values are between "
            f'[1, 2^31-1] and the string "{LATEST}"',
        )
    return int(text)


def _incompatible(subject: str, problems: list[str]) -> RegistryError:
    return RegistryError(
        409,
        f'Schema being registered is incompatible with an earlier schema for subject "{subject}", '
        f"details: {problems}",
    )
