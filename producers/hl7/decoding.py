"""Bytes to text: the character set by MSH-18 (HL7 table 0211), and one kind of line end.

Senders declare nothing, or the wrong thing: what the declared set cannot decode is tried as UTF-8, and then
taken as Windows-1252, which western senders mean; nothing is ever refused for its character set.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from producers.hl7.rejections import UnparsableMessage

_CODEC_OF_TABLE_0211: Mapping[str, str] = {
    "ASCII": "ascii",
    **{f"8859/{part}": f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15, 16)},
    "ISO IR6": "ascii",
    "ISO IR13": "shift_jis",
    "ISO IR14": "iso2022_jp_ext",
    "ISO IR87": "iso2022_jp_ext",
    "ISO IR159": "iso2022_jp_ext",
    "GB 18030-2000": "gb18030",
    "KS X 1001": "euc_kr",
    "CNS 11643-1992": "euc_tw",
    "BIG-5": "big5",
    "UNICODE": "utf-8",
    "UNICODE UTF-8": "utf-8",
    "UNICODE UTF-16": "utf-16",
    "UNICODE UTF-32": "utf-32",
}
# What senders write instead of the table's names, without anything but letters and digits.
_CODEC_OF_ALIAS: Mapping[str, str] = {
    "UTF8": "utf-8",
    "UTF16": "utf-16",
    "USASCII": "ascii",
    **{f"ISO8859{part}": f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15, 16)},
    **{f"8859{part}": f"iso8859-{part}" for part in (*range(1, 12), 13, 14, 15, 16)},
    "LATIN1": "iso8859-1",
    "WINDOWS1252": "cp1252",
    "CP1252": "cp1252",
    "ANSI": "cp1252",
    "WINDOWS1250": "cp1250",
    "WINDOWS1251": "cp1251",
    "SHIFTJIS": "shift_jis",
    "EUCJP": "euc_jp",
    "EUCKR": "euc_kr",
    "GB18030": "gb18030",
    "GBK": "gbk",
    "GB2312": "gb2312",
    "BIG5": "big5",
}
# Repetitions after the first name sets that escape sequences switch to (ISO 2022), as JIS does.
_SWITCHING = frozenset({"iso2022_jp_ext"})
_WITHOUT_BOM = ((b"M\0S\0H\0", "utf-16-le"), (b"\0M\0S\0H", "utf-16-be"))
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_HEADER_BYTES = 4096
_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Decoded:
    """text: segments ended by CR. codec: Python's name of the character set that it really had.

    as_declared: whether MSH-18 named that, or nothing; a name that nobody knows is another.
    """

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
    for mark, codec in _WITHOUT_BOM:
        if raw.startswith(mark):
            return Decoded(_normalised(raw.decode(codec, "replace")), codec, as_declared=True)
    raw = raw.lstrip(b"\r\n\x0b\x00 \t")
    declared = _declared(raw)
    codec_of_name = _codec(declared)
    for codec in dict.fromkeys((codec_of_name or "utf-8", "utf-8")):
        try:
            text = _normalised(raw.decode(codec))
        except (UnicodeDecodeError, LookupError):
            continue
        return Decoded(text, codec, as_declared=not declared or codec == codec_of_name)
    return Decoded(_normalised(raw.decode("cp1252", "replace")), "cp1252", as_declared=False)


def _declared(raw: bytes) -> list[str]:
    """The names in MSH-18."""
    header = raw[:_HEADER_BYTES].partition(b"\r")[0].partition(b"\n")[0]
    if len(header) < 8 or not header.startswith(b"MSH"):
        return []
    fields = header.split(header[3:4], 18)
    if len(fields) < 18:
        return []
    return _names(fields[17], chr(header[5])) if fields[17] else []


@lru_cache(maxsize=64)
def _names(field: bytes, separator: str) -> list[str]:
    names = field.decode("ascii", "replace").split(separator)
    return [name.strip().upper() for name in names] if any(name.strip() for name in names) else []


def _codec(declared: list[str]) -> str | None:
    codecs = [_codec_of_name(name) for name in declared]
    switching = next((codec for codec in codecs if codec in _SWITCHING), None)
    return switching or next(iter(codecs), None)


def _codec_of_name(name: str) -> str | None:
    found = _CODEC_OF_TABLE_0211.get(name)
    return found or _CODEC_OF_ALIAS.get("".join(filter(str.isalnum, name)))


def _lines(text: str) -> list[str]:
    # As most senders end them; the expression costs as much as the rest of the parsing.
    return _LINE_END.split(text) if "\n" in text else text.split("\r")


@lru_cache(maxsize=64)
def _well_formed(separator: str) -> Callable[[str], re.Match[str] | None]:
    """Matches what is as the standard wants it from end to end; ten times faster than line by line."""
    segment = rf"[A-Z][A-Z0-9]{{2}}{re.escape(separator)}[^\r\n]*+\r"
    return re.compile(rf"MSH{re.escape(separator)}[^\r\n]{{4}}[^\r\n]*+\r(?:{segment})*+").fullmatch


def _normalised(text: str) -> str:
    """Segments ended by CR. A line that is no segment belongs to the text of the one before it."""
    separator = text[3:4]
    if separator and not separator.isalnum() and separator.isprintable() and _well_formed(separator)(text):
        return text
    lines = [line for line in _lines(text) if line and not line.isspace()]
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
