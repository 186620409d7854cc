"""The wanted elements at the beginning of a data set, where it is encoded as nearly all are: read fast.

What it gives is what pydicom reads; what is unusual in any way it leaves to pydicom. Plain is explicit VR
little endian (PS3.5 section 7.1.2) with known VRs, no element cut off, and, of undefined length, sequences
alone.
"""

from __future__ import annotations

import struct
from collections.abc import Set as AbstractSet

from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    PrivateTransferSyntaxes,
)
from pydicom.valuerep import EXPLICIT_VR_LENGTH_16, EXPLICIT_VR_LENGTH_32

from producers.dicom.elements import RawElements

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
) -> RawElements:
    """The elements in `wanted`, up to the pixels, of a data set that begins with `head`. Raises NotPlain.

    is_whole: whether `head` is all of it. None of its elements is cut off.
    """
    if transfer_syntax_uid in _NOT_PLAIN_SYNTAXES:
        raise NotPlain
    try:
        return RawElements(_elements(head, wanted, is_whole=is_whole))
    except struct.error:
        raise NotPlain from None


def _elements(head: bytes, wanted: AbstractSet[int], *, is_whole: bool) -> dict[int, tuple[bytes, bytes]]:
    found: dict[int, tuple[bytes, bytes]] = {}
    at, end, unpack = 0, len(head), _ELEMENT.unpack_from
    while at < end or not is_whole:
        group, element, vr, length = unpack(head, at)
        at += 8
        if vr not in _SHORT:
            if vr not in _LONG:
                raise NotPlain
            (length,) = _LENGTH.unpack_from(head, at)
            at += 4
        tag = group << 16 | element
        if tag in _PIXELS:
            break
        if group < _FIRST_GROUP or group == _DELIMITER_GROUP:
            raise NotPlain
        if length == _UNDEFINED:
            if vr != b"SQ" or tag in wanted:
                raise NotPlain
            at = _end_of_sequence(head, at, _MAXIMUM_DEPTH)
            continue
        after = at + length
        if after > end:
            raise NotPlain
        if tag in wanted:
            found[tag] = (vr, head[at:after])
        at = after
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
