"""C-STORE messages as bytes: pure (DICOM PS3.7 9.3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BytesIO

from pydicom.dataset import Dataset
from pydicom.uid import UID
from pynetdicom.dsutils import decode, encode

from schemas.errors import NotAnImage, TruncatedRecord
from sinks.delivering.errors import NoAnswer

Pair = tuple[str, str]
"""SOP class and transfer syntax."""

_STORE, _LOW, _DATA_SET_FOLLOWS = 0x0001, 0x0002, 0x0001
_PREFIX_END, _META_START = 132, 144


def store_request(sop_class_uid: str, sop_instance_uid: str, message_id: int) -> bytes:
    """The command set of a C-STORE-RQ, low priority."""
    command = Dataset()
    command.AffectedSOPClassUID = UID(sop_class_uid)
    command.CommandField = _STORE
    command.MessageID = message_id
    command.Priority = _LOW
    command.CommandDataSetType = _DATA_SET_FOLLOWS
    command.AffectedSOPInstanceUID = UID(sop_instance_uid)
    rest = encode(command, is_implicit_vr=True, is_little_endian=True) or b""
    group = Dataset()
    group.CommandGroupLength = len(rest)
    return (encode(group, is_implicit_vr=True, is_little_endian=True) or b"") + rest


def status_of(command_set: bytes, message_id: int) -> int:
    """Status (0000,0900) of the answer to `message_id`. Raises NoAnswer where it is none."""
    try:
        answer = decode(BytesIO(command_set), is_implicit_vr=True, is_little_endian=True)
        answered, status = int(answer.MessageIDBeingRespondedTo), int(answer.Status)
    except Exception as error:  # noqa: BLE001 - whatever damaged bytes provoke in the reader, they are unreadable
        raise NoAnswer(f"unreadable answer: {type(error).__name__}") from None
    if answered != message_id:
        raise NoAnswer("an answer to another message")
    return status


def is_stored(status: int) -> bool:
    """Success, or a warning: it is there all the same (PS3.4 B.2.3, PS3.7 annex C)."""
    return status == 0x0000 or is_warning(status)


def is_warning(status: int) -> bool:
    """Stored, with something to be said of it."""
    return status >> 12 == 0xB or status in {0x0107, 0x0116}


def may_be_taken_later(status: int) -> bool:
    """Out of resources, or a processing failure."""
    return status >> 8 == 0xA7 or status == 0x0110


def fragments(content: Iterable[bytes], size_bytes: int) -> Iterator[tuple[bytes, bool]]:
    """`content` cut anew into pieces of `size_bytes`, and whether each is the last; at least one."""
    held = bytearray()
    for piece in content:
        held += piece
        while len(held) > size_bytes:
            yield bytes(held[:size_bytes]), False
            del held[:size_bytes]
    yield bytes(held), True


def data_set_of(file: Iterable[bytes]) -> Iterator[bytes]:
    """What follows the File Meta Information (PS3.10 7.1) in a DICOM file that comes in pieces.

    Raises NotAnImage where it does not begin with the meta information's length, TruncatedRecord.
    """
    head, skip = b"", -1
    for piece in file:
        rest = piece
        if skip < 0:
            rest = head = head + piece
            if len(head) < _META_START:
                continue
            skip = _META_START + _meta_bytes(head)
        if skip < len(rest):
            yield rest[skip:]
        skip = max(0, skip - len(rest))
    if skip < 0:
        raise TruncatedRecord("the file ends within its meta information")


def _meta_bytes(head: bytes) -> int:
    """(0002,0000), the length of what follows it in its group."""
    if head[128:_PREFIX_END] != b"DICM" or head[_PREFIX_END : _PREFIX_END + 6] != b"\x02\x00\x00\x00UL":
        raise NotAnImage("the file does not begin with the length of its meta information")
    return int.from_bytes(head[_META_START - 4 : _META_START], "little")
