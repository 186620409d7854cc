"""Where a file has what: read from TOML, checked as a whole. `docs/predictions.md` has examples."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from producers.history.own.milestones import (
    EVENT_OF_MILESTONE,
    EXAM_COLUMNS,
    LONG_COLUMNS,
    PATIENT_COLUMNS,
    PRIORITIES,
)

LAYOUTS = ("wide", "long")


class InvalidMapping(ValueError):
    """The mapping cannot be used; the message says what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMapping:
    """Where one file has what.

    layout: `wide`, one row an exam with a column for each milestone; `long`, one row a milestone.
    system, facility: who said it: the system that the file came from.
    columns: by our name of it, the column of the file.
    milestones: in a wide file the column of each milestone by its name; in a long one the milestone of each
        value of the column `milestone`.
    zone: where the clock of times without offset stands; None: such times are refused.
    time_format: as of strptime; None: ISO 8601.
    priorities, patient_classes: by what the file has, the value of HL7 table 0485 and 0004.
    delimiter, encoding: of a CSV.
    """

    layout: str
    system: str
    columns: Mapping[str, str]
    milestones: Mapping[str, str]
    facility: str = ""
    zone: str | None = None
    time_format: str | None = None
    priorities: Mapping[str, str] = field(default_factory=dict)
    patient_classes: Mapping[str, str] = field(default_factory=dict)
    delimiter: str = ","
    encoding: str = "utf-8"

    def __post_init__(self) -> None:
        """Raises InvalidMapping."""
        if self.layout not in LAYOUTS:
            raise InvalidMapping(f"layout is one of {', '.join(LAYOUTS)}")
        is_wide = self.layout == "wide"
        known = {*EXAM_COLUMNS, *PATIENT_COLUMNS, *(() if is_wide else LONG_COLUMNS)}
        _require_known("columns", self.columns, known)
        needed = ("accession_number",) if is_wide else ("accession_number", *LONG_COLUMNS)
        if missing := [name for name in needed if name not in self.columns]:
            raise InvalidMapping(f"columns needs {', '.join(missing)}")
        named = self.milestones if is_wide else self.milestones.values()
        _require_known("milestones", named, EVENT_OF_MILESTONE)
        _require_known("priorities", self.priorities.values(), PRIORITIES)
        if not self.milestones:
            raise InvalidMapping(f"milestones needs at least one of {', '.join(EVENT_OF_MILESTONE)}")
        if self.zone is not None:
            try:
                ZoneInfo(self.zone)
            except (ZoneInfoNotFoundError, ValueError):
                raise InvalidMapping(f"there is no time zone {self.zone!r}") from None

    @property
    def zone_info(self) -> ZoneInfo | None:
        """The zone of times without offset."""
        return None if self.zone is None else ZoneInfo(self.zone)

    def file_columns(self) -> list[str]:
        """The columns of the file that are read."""
        milestones = self.milestones.values() if self.layout == "wide" else ()
        return list(dict.fromkeys((*self.columns.values(), *milestones)))


def load_mapping(path: Path, zone: str | None = None) -> FileMapping:
    """The mapping in `path`, with `zone` where it is given. Raises InvalidMapping, OSError."""
    try:
        described: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidMapping(f"{path}: no TOML: {error}") from None
    if zone is not None:
        described["zone"] = zone
    names = {one.name for one in fields(FileMapping)}
    try:
        _require_known("the mapping", described, names)
        return FileMapping(**described)
    except (TypeError, AttributeError) as error:
        raise InvalidMapping(f"{path}: {error}") from None
    except InvalidMapping as error:
        raise InvalidMapping(f"{path}: {error}") from None


def _require_known(where: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raises InvalidMapping."""
    known = list(known)
    if unknown := [name for name in names if name not in known]:
        raise InvalidMapping(f"{where}: no {', '.join(unknown)}; there are {', '.join(sorted(known))}")
