"""C-STORE's command sets (DICOM PS3.7 sections 6.3, 9.3.1, E.1): implicit VR little endian, group 0000."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from producers.dicom.associations.pdus import InvalidPdu

C_STORE_RQ = 0x0001
_C_STORE_RSP = 0x8001
_NO_DATA_SET = 0x0101
_ELEMENT = struct.Struct("<HHL")
_SHORT = struct.Struct("<H")
_GROUP_LENGTH, _SOP_CLASS, _FIELD, _MESSAGE_ID, _RESPONDED_TO = 0x0000, 0x0002, 0x0100, 0x0110, 0x0120
_DATA_SET_TYPE, _STATUS, _SOP_INSTANCE = 0x0800, 0x0900, 0x1000


@dataclass(frozen=True, slots=True)
class Command:
    """What of a command set decides how it goes on. The UIDs are as they came, padding included."""

    field: int
    message_id: int
    has_data_set: bool
    sop_class: bytes
    sop_instance: bytes

    @property
    def sop_class_uid(self) -> str:
        """Affected SOP Class UID."""
        return _uid(self.sop_class)

    @property
    def sop_instance_uid(self) -> str:
        """Affected SOP Instance UID."""
        return _uid(self.sop_instance)


def read_command(command_set: bytes | bytearray) -> Command:
    """Raises InvalidPdu where it is none."""
    values: dict[int, bytes] = {}
    offset, end = 0, len(command_set)
    while offset < end:
        if end - offset < _ELEMENT.size:
            raise InvalidPdu("a command set ends within an element")
        group, element, length = _ELEMENT.unpack_from(command_set, offset)
        offset += _ELEMENT.size
        if group or length > end - offset:
            raise InvalidPdu(f"element ({group:04X},{element:04X}) of {length} bytes in a command set")
        values[element] = bytes(command_set[offset : offset + length])
        offset += length
    return Command(
        field=_short(values, _FIELD),
        message_id=_short(values, _MESSAGE_ID, missing=0),
        has_data_set=_short(values, _DATA_SET_TYPE) != _NO_DATA_SET,
        sop_class=values.get(_SOP_CLASS, b""),
        sop_instance=values.get(_SOP_INSTANCE, b""),
    )


def c_store_response(request: Command, status: int) -> bytes:
    """The command set that answers it."""
    elements = b"".join(
        (
            _element(_SOP_CLASS, request.sop_class),
            _element(_FIELD, _SHORT.pack(_C_STORE_RSP)),
            _element(_RESPONDED_TO, _SHORT.pack(request.message_id)),
            _element(_DATA_SET_TYPE, _SHORT.pack(_NO_DATA_SET)),
            _element(_STATUS, _SHORT.pack(status)),
            _element(_SOP_INSTANCE, request.sop_instance),
        )
    )
    return _element(_GROUP_LENGTH, struct.pack("<L", len(elements))) + elements


def _element(element: int, value: bytes) -> bytes:
    return _ELEMENT.pack(0, element, len(value)) + value


def _short(values: dict[int, bytes], element: int, missing: int | None = None) -> int:
    value = values.get(element)
    if value is None and missing is not None:
        return missing
    if value is None or len(value) != _SHORT.size:
        raise InvalidPdu(f"a command set without a usable (0000,{element:04X})")
    return int(_SHORT.unpack(value)[0])


def _uid(value: bytes) -> str:
    return value.decode("ascii", "replace").strip("\x00 ")
