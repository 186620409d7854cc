"""Single values of a data set as plain ones; what is none is None, never an error."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any, cast

from pydicom.charset import convert_encodings, default_encoding
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element, empty_value_for_VR
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

_INTEGER = re.compile(r"[+-]?\d{1,12}", re.ASCII)
_INT32 = range(-(2**31), 2**31)
_SHORT_INTEGER = re.compile(rb"[+-]?[0-9]{1,9} ?")
_US = struct.Struct("<H")
_CHARACTER_SET = 0x00080005


# Whose bytes are the text, where they are ASCII.
_TEXT_VRS = frozenset(["AE", "CS", "DA", "DT", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"])
# Characters of other sets and their escapes, several values, groups of a name: the library reads those.
_TEXT_VR_BYTES = frozenset(vr.encode() for vr in _TEXT_VRS)
_NEEDS_READING = re.compile(rb"[^\x20-\x7e\x00]|[\\=]")


class RawElements:
    """Elements as they came, explicit VR little endian: by tag the VR and the bytes of the value.

    A data set of the library is made of them only for who needs it, which takes many times as long.
    """

    def __init__(self, elements: Mapping[int, tuple[bytes, bytes]]) -> None:
        self._elements = elements

    def get(self, keyword: str) -> Any:
        """As the library's data set has it. Raises whatever a damaged value provokes in it."""
        return self.data_set.get(keyword)

    def raw(self, tag: int) -> tuple[bytes, bytes] | None:
        """VR and value; None where it is missing."""
        return self._elements.get(tag)

    @cached_property
    def data_set(self) -> Dataset:
        """The library's. Raises whatever a damaged character set provokes in it."""
        elements = {
            BaseTag(tag): _raw_element(tag, vr.decode("ascii"), value)
            for tag, (vr, value) in self._elements.items()
        }
        data_set = Dataset(cast("dict[BaseTag, DataElement | RawDataElement]", elements))
        encoding: str | list[str] = default_encoding
        if (of_charset := elements.get(BaseTag(_CHARACTER_SET))) is not None:
            encoding = convert_encodings(convert_raw_data_element(of_charset).value)
        data_set.set_original_encoding(
            is_implicit_vr=False, is_little_endian=True, character_encoding=encoding
        )
        return data_set


def _raw_element(tag: int, vr: str, value: bytes) -> RawDataElement:
    given = value or cast("bytes | None", empty_value_for_VR(vr, raw=True))
    return RawDataElement(BaseTag(tag), vr, len(value), given, 0, is_implicit_VR=False, is_little_endian=True)


def text_of(data_set: Dataset | RawElements, keyword: str) -> str | None:
    """The attribute without padding; None where it is missing or empty."""
    if isinstance(data_set, RawElements):
        return _raw_text(data_set, keyword)
    tag, vr = _place_of(keyword)
    raw: object = data_set.get_item(tag) if tag in data_set else None
    if raw is None:
        return None
    if isinstance(raw, RawDataElement) and (raw.VR or vr) in _TEXT_VRS:
        value = raw.value or b""
        if not _NEEDS_READING.search(value):  # most: reading them as the library does takes ten times as long
            return value.decode("ascii").strip("\x00 ") or None
    return _read_text(data_set, keyword)


def _raw_text(elements: RawElements, keyword: str) -> str | None:
    found = elements.raw(_number_of_tag(keyword))
    if found is None:
        return None
    vr, value = found
    if vr in _TEXT_VR_BYTES and not _NEEDS_READING.search(value):
        return value.decode("ascii").strip("\x00 ") or None
    return _read_text(elements, keyword)


def _read_text(data_set: Dataset | RawElements, keyword: str) -> str | None:
    read = data_set.get(keyword)
    return (str(read).strip("\x00 ") or None) if read is not None else None


@cache
def _number_of_tag(keyword: str) -> int:
    """Not the library's own class, which is compared in Python."""
    return int(Tag(keyword))


@cache
def _place_of(keyword: str) -> tuple[BaseTag, str]:
    tag = Tag(keyword)
    return tag, dictionary_VR(tag)


def number_of(data_set: Dataset | RawElements, keyword: str) -> int | None:
    """An IS (PS3.5 section 6.2: 32 bits) or US; None where it is missing, several, or no whole number."""
    if isinstance(data_set, RawElements):
        found = data_set.raw(_number_of_tag(keyword))
        if found is None:
            return None
        vr, value = found
        if vr == b"US" and len(value) == _US.size:
            return int(_US.unpack(value)[0])
        if vr == b"IS" and _SHORT_INTEGER.fullmatch(value):
            return int(value.strip(b"\x00 "))
    try:
        text = str(data_set.get(keyword)).strip("\x00 ")
    except Exception:  # noqa: BLE001 - whatever a damaged value provokes in the reader: the image counts without it
        return None
    if _INTEGER.fullmatch(text) is None:
        return None
    number = int(text)
    return number if number in _INT32 else None
