"""Places in a message, as an interface analyst writes them, and what stands there.

OBR-18            field 18 of the first OBR (component 1, subcomponent 1)
OBR-32.1.2        component 1, subcomponent 2
OBX[2]-5          of the second OBX
OBX[*]-5          of every OBX
OBX[3.1=IMP]-5    of every OBX whose field 3, component 1, is IMP
PID-3[2].1        of the second repetition
PID-3[5=MR].1     of the repetitions whose component 5 is MR
PID-3[*].1        of every repetition
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from producers.hl7.message import Segment

Segments = Mapping[str, Sequence[Segment]]

_PLACE = r"(\d+)(?:\.(\d+))?(?:\.(\d+))?"
_SELECTOR = r"(?:\[([^\]]+)\])?"
_PATH = re.compile(rf"([A-Z][A-Z0-9]{{2}}){_SELECTOR}-(\d+){_SELECTOR}(?:\.(\d+))?(?:\.(\d+))?", re.ASCII)
_CONDITION = re.compile(rf"{_PLACE}=(.+)", re.ASCII)


class InvalidPath(ValueError):
    """The text is no path; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class Selector:
    """Which segments or repetitions: the one at `index` (0 is the first), all of them, or by a value."""

    index: int | None = None
    place: tuple[int, int, int] | None = None
    expected: str = ""


FIRST = Selector(index=0)


class Hit(NamedTuple):
    """A value, and where it was found: `repetition` is the field's text as it stands, with all components."""

    segment: Segment
    repetition: str
    value: str


@dataclass(frozen=True, slots=True)
class Path:
    """A compiled path; `text` is how it was written."""

    text: str
    segment: str
    which: Selector
    field: int
    repetition: Selector
    component: int
    subcomponent: int

    def first(self, segments: Segments) -> Hit | None:
        """The first value here, or None."""
        found = segments.get(self.segment)
        if not found:
            return None
        if self.which is not FIRST:
            found = self.segments(segments)
        elif len(found) > 1:
            found = found[:1]
        for segment in found:
            raw = segment.raw(self.field)
            if not raw:
                continue
            for repetition in self._repetitions(segment, raw):
                value = segment.value_of(repetition, self.component, self.subcomponent)
                if value:
                    return Hit(segment, repetition, value)
        return None

    def every(self, segments: Segments) -> Iterator[Hit]:
        """Every value here; all repetitions of the field, unless the path chooses among them."""
        for segment in self.segments(segments):
            chosen = self.repetition
            among = segment.repetitions(self.field) if chosen is FIRST else None
            for repetition in (
                among if among is not None else self._repetitions(segment, segment.raw(self.field))
            ):
                value = segment.value_of(repetition, self.component, self.subcomponent)
                if value:
                    yield Hit(segment, repetition, value)

    def segments(self, segments: Segments) -> Sequence[Segment]:
        """The segments that the path names."""
        found = segments.get(self.segment, ())
        which = self.which
        if which.index is not None:
            return found[which.index : which.index + 1]
        if which.place is None:
            return found
        field, component, subcomponent = which.place
        return [one for one in found if one.value(field, component, subcomponent) == which.expected]

    def _repetitions(self, segment: Segment, raw: str) -> Sequence[str]:
        chosen = self.repetition
        if chosen is FIRST:
            if segment.delimiters.repetition not in raw:
                return (raw,)
            return (raw.partition(segment.delimiters.repetition)[0],)
        found = raw.split(segment.delimiters.repetition)
        if chosen.index is not None:
            return found[chosen.index : chosen.index + 1]
        if chosen.place is None:
            return found
        component, subcomponent, _ = chosen.place
        return [one for one in found if segment.value_of(one, component, subcomponent) == chosen.expected]


def compile_path(text: str) -> Path:
    """The path that `text` writes. Raises InvalidPath."""
    match = _PATH.fullmatch(text)
    if match is None or not int(match[3]):
        raise InvalidPath(
            f"{text!r} is no place in a message, such as OBR-18, ORC-3.1, OBX[*]-5 or PID-3[5=MR].1"
        )
    component, subcomponent = int(match[5] or 1), int(match[6] or 1)
    if not component or not subcomponent:
        raise InvalidPath(f"{text!r}: components count from 1")
    which, repetition = _selector(match[2], text), _selector(match[4], text)
    return Path(text, match[1], which, int(match[3]), repetition, component, subcomponent)


def _selector(text: str | None, path: str) -> Selector:
    if text is None:
        return FIRST
    if text == "*":
        return Selector()
    if text.isascii() and text.isdigit() and int(text):
        return Selector(index=int(text) - 1)
    condition = _CONDITION.fullmatch(text)
    if condition is None:
        raise InvalidPath(f"{path!r}: [{text}] is neither a number from 1, nor *, nor such as 3.1=IMP")
    place = (int(condition[1]), int(condition[2] or 1), int(condition[3] or 1))
    return Selector(place=place, expected=condition[4])
