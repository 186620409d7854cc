"""P-DATA-TF PDUs (DICOM PS3.8 section 9.3.5, annex E): the bytes of a body to presentation data values."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

P_DATA = 4
HEADER = struct.Struct(">BxL")
"""PDU type and length of the body (PS3.8 section 9.3.1)."""

_ITEM = struct.Struct(">LBB")
_LENGTH_BYTES = 4
_COMMAND, _LAST = 1, 2


class InvalidPdu(Exception):
    """The peer sends what PS3.7 and PS3.8 do not have: the association cannot go on."""


class Pdv(NamedTuple):
    """A presentation data value: one fragment of a command or of a data set."""

    context_id: int
    is_command: bool
    is_last: bool
    fragment: memoryview


def pdvs(body: memoryview) -> Iterator[Pdv]:
    """The values in the body of a P-DATA-TF PDU; fragments are views of it. Raises InvalidPdu."""
    offset, end = 0, len(body)
    if not end:
        raise InvalidPdu("a P-DATA PDU without a value")
    while offset < end:
        if end - offset < _ITEM.size:
            raise InvalidPdu("a P-DATA PDU ends within the header of a value")
        length, context_id, control = _ITEM.unpack_from(body, offset)
        after = offset + _LENGTH_BYTES + length
        if length < _ITEM.size - _LENGTH_BYTES or after > end:
            raise InvalidPdu(f"a value of {length} bytes in {end - offset} bytes of a P-DATA PDU")
        fragment = body[offset + _ITEM.size : after]
        yield Pdv(context_id, bool(control & _COMMAND), bool(control & _LAST), fragment)
        offset = after


def p_data(pdv: Pdv) -> bytes:
    """A PDU with this value alone."""
    control = pdv.is_command * _COMMAND + pdv.is_last * _LAST
    item = _ITEM.pack(len(pdv.fragment) + 2, pdv.context_id, control)
    return b"".join((HEADER.pack(P_DATA, len(item) + len(pdv.fragment)), item, pdv.fragment))


def command_pdus(context_id: int, command: bytes, maximum_length: int) -> bytes:
    """A command set in PDUs whose bodies have at most `maximum_length` bytes; 0: no limit (PS3.8 D.1).

    Raises InvalidPdu where that is too little for any.
    """
    room = maximum_length - _ITEM.size if maximum_length else len(command)
    if room < 1:
        raise InvalidPdu(f"the peer takes PDUs of {maximum_length} bytes only")
    view = memoryview(command)
    fragments = [view[start : start + room] for start in range(0, len(view), room)]
    last = len(fragments) - 1
    return b"".join(
        p_data(Pdv(context_id, is_command=True, is_last=number == last, fragment=fragment))
        for number, fragment in enumerate(fragments)
    )
