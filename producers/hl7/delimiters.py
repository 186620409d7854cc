"""Which characters part a message, and how a text that has them is written (HL7 v2.5.1, section 2.7)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Delimiters:
    """MSH-1 and MSH-2, with the standard's characters where the sender leaves some out."""

    field: str = "|"
    component: str = "^"
    repetition: str = "~"
    escape: str = "\\"
    subcomponent: str = "&"

    @classmethod
    def of(cls, header: str) -> Delimiters:
        """As the MSH segment `header` declares them; a fifth, for truncation (v2.7), is left aside."""
        separator = header[3]
        declared = header[4:9].split(separator, maxsplit=1)[0][:4]
        return _delimiters(separator + declared + "^~\\&"[len(declared) :])

    def encoding_characters(self) -> str:
        """MSH-2."""
        return f"{self.component}{self.repetition}{self.escape}{self.subcomponent}"


@lru_cache(maxsize=16)
def _delimiters(characters: str) -> Delimiters:
    return Delimiters(*characters)


def unescape(text: str, delimiters: Delimiters) -> str:
    """Escape sequences decoded (HL7 v2.5.1, section 2.7); unknown ones stay as they stand."""
    escape = delimiters.escape
    if not escape.strip() or escape not in text:
        return text
    pattern = _escape_pattern(escape)
    return pattern.sub(lambda match: _meaning(match, delimiters), text)


@lru_cache(maxsize=16)
def _escape_pattern(escape: str) -> re.Pattern[str]:
    mark = re.escape(escape)
    return re.compile(rf"{mark}([^{mark}\r\n]*){mark}")


def _meaning(match: re.Match[str], delimiters: Delimiters) -> str:
    sequence = match[1]
    literal = {
        "F": delimiters.field,
        "S": delimiters.component,
        "T": delimiters.subcomponent,
        "R": delimiters.repetition,
        "E": delimiters.escape,
        "P": "#",
        "H": "",
        "N": "",
    }.get(sequence)
    if literal is not None:
        return literal
    if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", sequence):
        return _text_of(bytes.fromhex(sequence[1:]))
    if sequence.startswith((".br", ".sp", ".ce")):
        return "\n"
    return "" if re.fullmatch(r"\.(?:in|ti|fi|nf|sk)[+-]?\d*", sequence) else match[0]


def _text_of(data: bytes) -> str:
    """Hexadecimal data: the standard leaves its character set open. UTF-8 gives itself away, else Latin-1."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def escape(text: str, delimiters: Delimiters) -> str:
    """`text` so that it can stand in a field."""
    sign = delimiters.escape
    codes = {
        delimiters.field: "F",
        delimiters.component: "S",
        delimiters.subcomponent: "T",
        delimiters.repetition: "R",
        sign: "E",
    }
    escaped = (f"{sign}{codes[character]}{sign}" if character in codes else character for character in text)
    return "".join(escaped).replace("\r", " ").replace("\n", f"{sign}.br{sign}")
