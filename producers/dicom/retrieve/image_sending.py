"""C-STORE of an image as a sub-operation: its bytes go out as they are opened, few of them in memory.

The library would decode and encode each data set, and queue all of it before the first byte is sent.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from threading import current_thread
from typing import Any

from pydicom.dataset import Dataset
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.pdu_primitives import P_DATA

# PS3.10 section 7.1: preamble, prefix, and (0002,0000) with the length of the meta information that follows.
_BEFORE_META_BYTES = 128 + 4 + 12
_PDV_OVERHEAD_BYTES = 6
_MAXIMUM_FRAGMENT_BYTES = 256 * 1024
# PS3.8 annex E.2.
_DATA_SET, _LAST_OF_DATA_SET = 0x00, 0x02
_QUEUED = 4
_QUEUE_POLL_S = 0.0005


class NotSent(Exception):
    """The association is over, or what was to be sent broke off and ended it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreRequest:
    """What a C-STORE names. originator: who asked for it by C-MOVE, and that request's message id."""

    sop_class_uid: str
    sop_instance_uid: str
    message_id: int
    priority: int = 2
    originator: tuple[str, int] | None = None


def send_image(association: Any, context: Any, request: StoreRequest, data_set: Iterable[bytes]) -> Dataset:
    """The peer's status, empty where it gave none. Raises NotSent.

    What `data_set` raises in the middle ends the association, for nobody can take a command back.
    """
    if not association.is_established:
        raise NotSent("the association is over")
    is_other_thread = current_thread() is not association
    if is_other_thread:  # else its reactor would take the answer before us
        association._reactor_checkpoint.clear()  # noqa: SLF001 - a SendersCheckpoint, which waits for it
    try:
        _send(association, context.context_id, request, data_set)
        _, answer = association.dimse.get_msg(block=True)
    finally:
        if is_other_thread:
            association._reactor_checkpoint.set()  # noqa: SLF001 - the same
    if answer is None:
        association._handle_no_response()  # noqa: SLF001 - the same
        return Dataset()
    status: Dataset = association._check_received_status(answer)  # noqa: SLF001 - the same
    return status


def without_meta(file: Iterable[bytes]) -> Iterator[bytes]:
    """The data set of a DICOM file that comes in pieces. Raises ValueError where it is no such file."""
    pieces = iter(file)
    head = b""
    while len(head) < _BEFORE_META_BYTES and (piece := next(pieces, b"")):
        head += piece
    if head[128:132] != b"DICM" or head[132:140] != b"\x02\x00\x00\x00UL\x04\x00":
        raise ValueError("no DICOM file")
    skip = _BEFORE_META_BYTES + int.from_bytes(head[140:144], "little")
    for piece in chain([head], pieces):
        if skip < len(piece):
            yield piece[skip:]
        skip = max(skip - len(piece), 0)


def _send(association: Any, context_id: int, request: StoreRequest, data_set: Iterable[bytes]) -> None:
    maximum = association.dimse.maximum_pdu_size or _MAXIMUM_FRAGMENT_BYTES
    for command in _command(request, maximum, context_id):
        association.dul.send_pdu(command)
    size = min(max(maximum - _PDV_OVERHEAD_BYTES, 1), _MAXIMUM_FRAGMENT_BYTES)
    try:
        for fragment, is_last in _fragments(data_set, size):
            _await_room(association)
            association.dul.send_pdu(_pdv(context_id, _LAST_OF_DATA_SET if is_last else _DATA_SET, fragment))
    except NotSent:
        raise
    except Exception as error:
        association.abort()
        raise NotSent(f"broken off: {type(error).__name__}") from error


def _command(request: StoreRequest, maximum: int, context_id: int) -> Iterator[P_DATA]:
    primitive = C_STORE()
    primitive.MessageID = request.message_id
    primitive.AffectedSOPClassUID = request.sop_class_uid
    primitive.AffectedSOPInstanceUID = request.sop_instance_uid
    primitive.Priority = request.priority
    if request.originator is not None:
        primitive.MoveOriginatorApplicationEntityTitle, primitive.MoveOriginatorMessageID = request.originator
    primitive.DataSet = BytesIO(b"follows")  # so that the command says that there is one
    message = C_STORE_RQ()
    message.primitive_to_message(primitive)
    message.data_set = None
    return message.encode_msg(context_id, maximum)


def _fragments(pieces: Iterable[bytes], size: int) -> Iterator[tuple[bytes, bool]]:
    """`pieces` in fragments of `size` bytes, and of each whether it is the last."""
    kept = bytearray()
    for piece in pieces:
        kept += piece
        while len(kept) > size:
            yield bytes(kept[:size]), False
            del kept[:size]
    yield bytes(kept), True


def _await_room(association: Any) -> None:
    while association.dul.to_provider_queue.qsize() > _QUEUED:
        if not association.is_established or not association.dul.is_alive():
            raise NotSent("the association ended")
        time.sleep(_QUEUE_POLL_S)


def _pdv(context_id: int, control: int, fragment: bytes) -> P_DATA:
    data = P_DATA()
    data.presentation_data_value_list.append((context_id, bytes([control]) + fragment))
    return data
