"""Segments of HL7 v2.5.1 as text. Fields are given by their number in the standard. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

_ESCAPES = {
    "\\": "\\E\\",
    "|": "\\F\\",
    "^": "\\S\\",
    "&": "\\T\\",
    "~": "\\R\\",
    "\r": "\\X0D\\",
    "\n": "\\X0A\\",
}
_ESCAPED = str.maketrans(_ESCAPES)


def escaped(text: str) -> str:
    """Free text with the message's delimiters escaped (HL7 v2.5.1, 2.7.1)."""
    return text.translate(_ESCAPED)


def timestamp(at: datetime) -> str:
    """TS to the second, with the offset of the clock that it was read from."""
    return at.strftime("%Y%m%d%H%M%S%z")


def components(*values: str) -> str:
    """Components of one field, each escaped, empty ones at the end left out."""
    return "^".join(escaped(value) for value in values).rstrip("^")


def segment(name: str, fields: Mapping[int, str]) -> str:
    """The segment with `fields`, of which at least one is not empty, at their positions.

    For MSH, position 1 is the separator itself.
    """
    last = max(position for position, value in fields.items() if value)
    first = 2 if name == "MSH" else 1
    return "|".join((name, *(fields.get(position, "") for position in range(first, last + 1))))


def message(*segments: str) -> bytes:
    """The message: each segment ended by CR, in UTF-8."""
    return "".join(f"{one}\r" for one in segments).encode()
