"""What one order, appointment, report or patient of a message says, read by the sender's profile."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from producers.hl7.message import Segment
from producers.hl7.paths import Hit, Segments
from producers.hl7.profile import Profile
from producers.hl7.profile_fields import PRIORITIES
from producers.hl7.trace import Trace, Use
from producers.timestamps import InvalidTimestamp, read_timestamp

# OBX-2 of a text; older messages leave it out. An encapsulated PDF is no text.
_TEXT_TYPES = frozenset({"TX", "FT", "ST", ""})


@dataclass(frozen=True, slots=True)
class Scope:
    """position: which order, report or patient of the message, from 0. known: values that were read."""

    segments: Segments
    profile: Profile
    trace: Trace
    zone: tzinfo
    position: int = 0
    known: dict[str, str] = dataclasses.field(default_factory=dict)

    def hit(self, field: str) -> Hit | None:
        """The first value that the places of `field` have, and where."""
        for path in self.profile.paths[field]:
            hit = path.first(self.segments)
            if hit is not None:
                if self.trace.uses is not None:
                    self.trace.uses.append(Use(hit.segment, path, field))
                return hit
        return None

    def value(self, field: str) -> str:
        """The value of `field` in our words; empty where there is none."""
        known = self.known.get(field)
        if known is None:
            known = self.known[field] = self._read(field)
        return known

    def _read(self, field: str) -> str:
        hit = self.hit(field)
        if hit is None:
            return ""
        codes = self.profile.values.get(field)
        if not codes:
            return hit.value
        return codes.get(hit.value) or codes.get(hit.value.upper()) or hit.value

    def priority(self) -> str:
        """In the words of table 0485; empty where the code means nothing to us."""
        said = self.value("priority").upper()
        if said and said not in PRIORITIES:
            self.trace.warn("unknown_priority", self.place("priority"), f"no priority for {said[:8]!r}")
            return ""
        return said

    def time(self, *fields: str) -> datetime | None:
        """The first place of `fields` that holds a valid time: humans type them, and wrongly."""
        for field in fields:
            for path in self.profile.paths[field]:
                hit = path.first(self.segments)
                at = None if hit is None else self._instant(hit.value, path.text)
                if hit is not None and at is not None:
                    if self.trace.uses is not None:
                        self.trace.uses.append(Use(hit.segment, path, field))
                    return at
        return None

    def text(self, field: str) -> str | None:
        """The texts of all places of `field`, a line each; None where there is none."""
        lines: list[str] = []
        for path in self.profile.paths[field]:
            for segment in path.segments(self.segments):
                if segment.name == "OBX" and not _is_text(segment):
                    continue
                if self.trace.uses is not None:
                    self.trace.uses.append(Use(segment, path, field))
                lines.append(segment.text(path.field))
        return "\n".join(lines) if lines else None

    def place(self, field: str) -> str:
        """Where the value of `field` stands, or else would stand first."""
        paths = self.profile.paths[field]
        found = (path.text for path in paths if path.first(self.segments) is not None)
        return next(found, paths[0].text if paths else field)

    def with_only(self, name: str, segments: Iterable[Segment]) -> Scope:
        """The same with these segments of `name`, and no other of that name."""
        return replace(self, segments={**self.segments, name: list(segments)}, known={})

    def _instant(self, text: str, place: str) -> datetime | None:
        try:
            read = read_timestamp(text, self.zone)
        except InvalidTimestamp:
            self.trace.warn("invalid_time", place, "no time: it is passed over")
            return None
        if read.is_skipped:
            self.trace.warn("skipped_time", place, "the clock was put forward over it: it never was")
        elif read.is_ambiguous:
            self.trace.warn("ambiguous_time", place, "the clock showed it twice: the first is taken")
        if not read.has_time_of_day:
            self.trace.warn("time_without_time_of_day", place, "a date only: its beginning is taken")
        return read.at


def by_name(segments: Iterable[Segment]) -> dict[str, list[Segment]]:
    """The segments of each name, in order."""
    found: dict[str, list[Segment]] = {}
    for segment in segments:
        found.setdefault(segment.name, []).append(segment)
    return found


def _is_text(segment: Segment) -> bool:
    return segment.raw(2) in _TEXT_TYPES or segment.value(2) in _TEXT_TYPES
