"""What was noticed while a message was mapped: warnings for the log, and for `explain` what was used."""

from __future__ import annotations

from dataclasses import dataclass, field

from producers.hl7.message import Segment
from producers.hl7.paths import Path


@dataclass(frozen=True, slots=True)
class Notice:
    """Something noticed. code: what, for counting. location: a path. detail: in words, without PHI."""

    code: str
    location: str
    detail: str


@dataclass(frozen=True, slots=True)
class Use:
    """A value that was read: from which segment, by which path, as which field of the profile."""

    segment: Segment
    path: Path
    field: str


@dataclass(slots=True)
class Trace:
    """Collects warnings; uses only where somebody wants to see them.

    silences: what was accepted and gave no event, and why.
    """

    warnings: list[Notice] = field(default_factory=list)
    silences: list[Notice] = field(default_factory=list)
    uses: list[Use] | None = None

    def warn(self, code: str, location: str, detail: str) -> None:
        """Add a warning, once."""
        warning = Notice(code, location, detail)
        if warning not in self.warnings:
            self.warnings.append(warning)

    def silent(self, code: str, location: str, detail: str) -> None:
        """Say why something gives no event."""
        self.silences.append(Notice(code, location, detail))
