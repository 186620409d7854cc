"""A parsed message, and access to it by references such as `PID-3.1` with escape sequences decoded."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from producers.hl7.delimiters import Delimiters, unescape

_REFERENCE = re.compile(r"([A-Z][A-Z0-9]{2})-(\d+)(?:\.(\d+)(?:\.(\d+))?)?", re.ASCII)
# The field says: delete what you know. For us that is the same as no value (HL7 v2.5.1, section 2.5.3).
_NULL = '""'


@dataclass(
    slots=True
)  # not frozen: there are dozens in a message, and a frozen one costs three times as much
class Segment:
    """One segment; `fields[0]` is field 1 (MSH-1 is the field separator itself)."""

    name: str
    fields: Sequence[str]
    delimiters: Delimiters

    def raw(self, field: int) -> str:
        """The field as it stands, or the empty string."""
        return self.fields[field - 1] if 0 < field <= len(self.fields) else ""

    def repetitions(self, field: int) -> list[str]:
        """The field's repetitions as they stand."""
        value = self.raw(field)
        return value.split(self.delimiters.repetition) if value else []

    def value(self, field: int, component: int = 1, subcomponent: int = 1) -> str:
        """A value of the first repetition, escapes decoded, stripped; empty where there is none."""
        if not 0 < field <= len(self.fields):
            return ""
        raw = self.fields[field - 1]
        if not raw:
            return ""
        separator = self.delimiters.repetition
        if separator in raw:
            raw = raw.partition(separator)[0]
        return self.value_of(raw, component, subcomponent)

    def value_of(self, repetition: str, component: int = 1, subcomponent: int = 1) -> str:
        """As `value`, of one repetition."""
        marks = self.delimiters
        text = repetition
        # Most fields have no parts, and this is called dozens of times a message.
        if component != 1 or marks.component in text:
            text = _part(text, marks.component, component)
        if subcomponent != 1 or marks.subcomponent in text:
            text = _part(text, marks.subcomponent, subcomponent)
        if marks.escape in text:
            text = unescape(text, marks)
        text = text.strip()
        return "" if text == _NULL else text

    def text(self, field: int) -> str:
        """A text field (ST, TX, FT): repetitions are lines, and only escapes have a meaning in it."""
        marks, raw = self.delimiters, self.raw(field)
        if marks.escape not in raw and marks.repetition not in raw:
            return "" if raw == _NULL else raw
        lines = [unescape(line, marks) for line in self.repetitions(field)]
        return "\n".join("" if line == _NULL else line for line in lines)


@dataclass(frozen=True, slots=True)
class Message:
    """A message: MSH first.

    codec: Python's name of the character set. as_declared: whether MSH-18 said so.
    content_sha256: of the text with normal line ends; MSH-3, MSH-4, MSH-10 and this say which message it is.
    """

    segments: Sequence[Segment]
    delimiters: Delimiters
    codec: str
    content_sha256: str
    as_declared: bool = True

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    def all(self, name: str) -> Iterator[Segment]:
        """Every segment of this name."""
        return (segment for segment in self.segments if segment.name == name)

    def get(self, reference: str) -> str:
        """The value at `reference` in the first such segment; empty where there is none."""
        return value_at(self.segments, reference)


def _part(text: str, separator: str, number: int) -> str:
    if number == 1:
        return text.partition(separator)[0]
    parts = text.split(separator, number)
    return parts[number - 1] if number <= len(parts) else ""


def value_at(segments: Sequence[Segment], *references: str) -> str:
    """The first value that one of `references` has in `segments`; empty where none has."""
    for reference in references:
        name, field, component, subcomponent = parse_reference(reference)
        for segment in segments:
            if segment.name == name:
                value = segment.value(field, component, subcomponent)
                if value:
                    return value
                break
    return ""


@lru_cache(maxsize=512)
def parse_reference(reference: str) -> tuple[str, int, int, int]:
    """Segment, field, component and subcomponent of `PID-3.4.1`; what is left out is 1."""
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(f"not a reference such as PID-3.1: {reference}")
    return match[1], int(match[2]), int(match[3] or 1), int(match[4] or 1)
