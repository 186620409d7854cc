"""Segments in ER7, the encoding of HL7 v2 with its standard delimiters (v2.5.1 sections 2.5 and 2.7)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_ESCAPES = {
    "\\": "\\E\\",
    "|": "\\F\\",
    "^": "\\S\\",
    "~": "\\R\\",
    "&": "\\T\\",
    "\r": "\\X0D\\",
    "\n": "\\X0A\\",
    # Would end the block that the message is sent in (MLLP).
    "\x0b": "\\X0B\\",
    "\x1c": "\\X1C\\",
}
_ESCAPED = re.compile("[" + "".join(map(re.escape, _ESCAPES)) + "]")


def escape(text: str) -> str:
    """`text` so that it says itself in any field."""
    return _ESCAPED.sub(lambda found: _ESCAPES[found.group()], text)


def components(*parts: str | None) -> str:
    """Escaped `parts` as components, without empty ones at the end."""
    return "^".join(escape(part or "") for part in parts).rstrip("^")


def segment(name: str, fields: Iterable[tuple[int, str]]) -> str:
    """The segment `name` with the numbered fields, which are encoded already; MSH-1 and MSH-2 are given."""
    given = {number: value for number, value in fields if value}
    if name == "MSH":
        values: Sequence[str] = ["MSH", "^~\\&", *(given.get(n, "") for n in range(3, max(given) + 1))]
    else:
        values = [name, *(given.get(n, "") for n in range(1, max(given, default=0) + 1))]
    return "|".join(values)
