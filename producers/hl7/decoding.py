"""Bytes to text: the character set by MSH-18 (HL7 table 0211), and one kind of line end.

Senders declare nothing, or the wrong thing: what the declared set cannot decode is tried as UTF-8, and then
taken as Windows-1252, which western senders mean; nothing is ever refused for its character set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from producers.hl7.rejections import UnparsableMessage

_CODEC_OF_TABLE_0211: Mapping[str, str] = {
    "ASCII": "ascii",
    **{f"8859/{part}": f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15, 16)},
    "ISO IR6": "ascii",
    "ISO IR14": "iso2022_jp",
    "ISO IR87": "iso2022_jp",
    "ISO IR159": "iso2022_jp_2",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "CNS 11643-1992": "euc_tw",
    "BIG-5": "big5",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UTF-8": "utf-8",
    "UNICODE UTF-16": "utf-16",
    "UNICODE UTF-32": "utf-32",
}
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Decoded:
    """text: segments ended by CR. codec: Python's name of the character set that it really had."""

    text: str
    codec: str
    as_declared: bool


def decode(raw: bytes) -> Decoded:
    """The message as text. Raises UnparsableMessage where it has no MSH."""
    for mark, codec in _BOMS:
        if raw.startswith(mark):
            return Decoded(
                _normalised(raw.decode(codec, "replace")), codec.removesuffix("-sig"), as_declared=True
            )
    raw = raw.lstrip(b"\r\n\x0b\x00 \t")
    declared = _declared_codec(raw)
    for codec in dict.fromkeys((declared or "utf-8", "utf-8")):
        try:
            return Decoded(_normalised(raw.decode(codec)), codec, as_declared=codec == (declared or codec))
        except (UnicodeDecodeError, LookupError):
            continue
    return Decoded(_normalised(raw.decode("cp1252", "replace")), "cp1252", as_declared=False)


def _declared_codec(raw: bytes) -> str | None:
    header = re.split(rb"[\r\n]", raw, maxsplit=1)[0]
    if len(header) < 8 or not header.startswith(b"MSH"):
        return None
    fields = header.split(header[3:4])
    repetition_separator = header[5:6]
    declared = fields[17].split(repetition_separator)[0] if len(fields) > 17 else b""
    name = declared.decode("ascii", "replace").strip().upper()
    return _CODEC_OF_TABLE_0211.get(name)


def _normalised(text: str) -> str:
    """Segments ended by CR. A line that is no segment belongs to the text of the one before it."""
    lines = [line for line in _LINE_END.split(text) if line.strip()]
    if not lines or not lines[0].startswith("MSH") or len(lines[0]) < 8:
        raise UnparsableMessage("does not begin with an MSH segment", "MSH-1")
    if lines[0][3].isalnum() or not lines[0][3].isprintable():
        raise UnparsableMessage("MSH-1 is no field separator", "MSH-1")
    is_segment = re.compile(rf"[A-Z][A-Z0-9]{{2}}(?:{re.escape(lines[0][3])}|$)").match
    segments: list[str] = []
    for line in lines:
        if is_segment(line):
            segments.append(line)
        else:
            segments[-1] += f"\n{line}"
    return "\r".join(segments) + "\r"
