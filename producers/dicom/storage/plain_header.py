"""The wanted elements at the beginning of a data set, where it is encoded as nearly all are: read fast.

What it gives is what pydicom reads; what is unusual in any way it leaves to pydicom. Plain is explicit VR
little endian (PS3.5 section 7.1.2) with known VRs, no element cut off, and, of undefined length, sequences
alone.
"""

from __future__ import annotations

import struct
from collections.abc import Set as AbstractSet
from typing import cast

from pydicom.charset import convert_encodings, default_encoding
from pydicom.dataelem import DataElement, RawDataElement, convert_raw_data_element, empty_value_for_VR
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    PrivateTransferSyntaxes,
)
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32

HEAD_BYTES = 1 << 16
_NOT_PLAIN_SYNTAXES = frozenset(
    {
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
        *PrivateTransferSyntaxes,
    }
)
_ELEMENT = struct.Struct("<HH2sH")
_LENGTH = struct.Struct("<L")
_ITEM = struct.Struct("<HHL")
_SHORT = frozenset(vr.encode() for vr in EXPLICIT_VR_LENGTH_16)
_LONG = frozenset(vr.encode() for vr in EXPLICIT_VR_LENGTH_32)
_UNDEFINED = 0xFFFFFFFF
_CHARACTER_SET = 0x00080005
_PIXELS = (0x7FE00008, 0x7FE00009, 0x7FE00010)
# Groups that belong to the command or the file, not to a data set.
_FIRST_GROUP = 0x0008
_DELIMITER_GROUP, _ITEM_ELEMENT, _ITEM_END, _SEQUENCE_END = 0xFFFE, 0xE000, 0xE00D, 0xE0DD
_MAXIMUM_DEPTH = 8


class NotPlain(Exception):
    """For pydicom to read."""


def plain_header(
    head: bytes, transfer_syntax_uid: str, wanted: AbstractSet[int], *, is_whole: bool
) -> Dataset:
    """The elements in `wanted`, up to the pixels, of a data set that begins with `head`. Raises NotPlain.

    is_whole: whether `head` is all of it.
    """
    if transfer_syntax_uid in _NOT_PLAIN_SYNTAXES:
        raise NotPlain
    try:
        elements = _elements(head, wanted, is_whole=is_whole)
    except struct.error:
        raise NotPlain from None
    data_set = Dataset(cast("dict[BaseTag, DataElement | RawDataElement]", elements))
    encoding: str | list[str] = default_encoding
    if _CHARACTER_SET in elements:
        value = convert_raw_data_element(elements[BaseTag(_CHARACTER_SET)]).value
        encoding = convert_encodings(value)
    data_set.set_original_encoding(is_implicit_vr=False, is_little_endian=True, character_encoding=encoding)
    return data_set


def _elements(head: bytes, wanted: AbstractSet[int], *, is_whole: bool) -> dict[BaseTag, RawDataElement]:
    found: dict[BaseTag, RawDataElement] = {}
    at, end = 0, len(head)
    while at < end or not is_whole:
        group, element, vr, length = _ELEMENT.unpack_from(head, at)
        tag = group << 16 | element
        if tag in _PIXELS:
            break
        if group < _FIRST_GROUP or group == _DELIMITER_GROUP:
            raise NotPlain
        at += 8
        if vr in _LONG:
            (length,) = _LENGTH.unpack_from(head, at)
            at += 4
        elif vr not in _SHORT:
            raise NotPlain
        if length == _UNDEFINED:
            if vr != b"SQ" or tag in wanted:
                raise NotPlain
            at = _end_of_sequence(head, at, _MAXIMUM_DEPTH)
            continue
        if at + length > end:
            raise NotPlain
        if tag in wanted:
            name = vr.decode("ascii")
            value = (
                head[at : at + length] if length else cast("bytes | None", empty_value_for_VR(name, raw=True))
            )
            base = BaseTag(tag)
            found[base] = RawDataElement(
                base, name, length, value, at, is_implicit_VR=False, is_little_endian=True
            )
        at += length
    return found


def _end_of_sequence(head: bytes, at: int, depth: int) -> int:
    """Where the sequence of undefined length ends whose first item is `at`."""
    if not depth:
        raise NotPlain
    while True:
        group, element, length = _ITEM.unpack_from(head, at)
        at += 8
        if group != _DELIMITER_GROUP or (element == _SEQUENCE_END and length):
            raise NotPlain
        if element == _SEQUENCE_END:
            return at
        if element != _ITEM_ELEMENT:
            raise NotPlain
        at = _end_of_item(head, at, None if length == _UNDEFINED else at + length, depth)


def _end_of_item(head: bytes, at: int, end: int | None, depth: int) -> int:
    """Where the item ends; `end` is None where its length is undefined. Its elements are as plain."""
    while at != end:
        group, element, vr, length = _ELEMENT.unpack_from(head, at)
        if group == _DELIMITER_GROUP and element == _ITEM_END and end is None:
            if vr != b"\x00\x00" or length:
                raise NotPlain
            return at + 8
        if group < _FIRST_GROUP or group == _DELIMITER_GROUP or group << 16 | element == _CHARACTER_SET:
            raise NotPlain
        at += 8
        if vr in _LONG:
            (length,) = _LENGTH.unpack_from(head, at)
            at += 4
        elif vr not in _SHORT:
            raise NotPlain
        if length != _UNDEFINED:
            at += length
        elif vr == b"SQ":
            at = _end_of_sequence(head, at, depth - 1)
        else:
            raise NotPlain
        if at > (len(head) if end is None else end):
            raise NotPlain
    return at
