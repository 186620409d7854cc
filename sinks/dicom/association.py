"""One association with a storage SCP, and C-STORE on it, fragment by fragment (DICOM PS3.7 9.1.1, PS3.8 9.3).

It blocks, and holds no more of an image than one fragment and what the caller's iterator holds.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from pynetdicom.pdu_primitives import A_ASSOCIATE

from sinks.delivering.errors import NoAnswer
from sinks.dicom.messages import Pair, fragments, status_of, store_request

_DATA = 0x04
_RELEASE = bytes.fromhex("05000000000400000000")
_ABORT = bytes.fromhex("07000000000400000000")
_LONGEST_PDU_BYTES = 1 << 20
_SEND_BYTES = 1 << 18
_PDV_HEADER_BYTES = 6
_LAST, _COMMAND = 0x02, 0x01
_RELEASE_TIMEOUT_S = 2.0


class Association:
    """An established association."""

    def __init__(self, connection: socket.socket, accepted: A_ASSOCIATE, pairs: Sequence[Pair]) -> None:
        """`pairs`: what was proposed, in the order of the contexts."""
        results = accepted.presentation_context_definition_results_list
        taken = {context.context_id for context in results if context.result == 0}
        self._contexts = {pair: number for number, pair in numbered(pairs) if number in taken}
        # Without a limit of its own (0) the peer takes PDUs of any length.
        limit = min(accepted.maximum_length_received or _SEND_BYTES, _SEND_BYTES)
        self._fragment_bytes = max(1, limit - _PDV_HEADER_BYTES)
        self._connection = connection
        self._message_id = 0
        self.is_within_message = False

    def accepts(self, pair: Pair) -> bool:
        """Whether the peer takes this SOP class in this transfer syntax."""
        return pair in self._contexts

    def store(self, pair: Pair, sop_instance_uid: str, data_set: Iterable[bytes]) -> int:
        """C-STORE of an image; the status of its answer. `data_set`: as the transfer syntax encodes it.

        Raises NoAnswer; what `data_set` raises leaves the association of no more use.
        """
        context = self._contexts[pair]
        self._message_id = self._message_id % 0xFFFF + 1
        command = store_request(pair[0], sop_instance_uid, self._message_id)
        self.is_within_message = True
        self._send(context, [command], _COMMAND)
        self._send(context, data_set, 0)
        answer = b"".join(self._answer())
        self.is_within_message = False
        return status_of(answer, self._message_id)

    def break_off(self) -> None:
        """End what is under way; may be called from another thread."""
        with suppress(OSError):  # the peer was gone first
            self._connection.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """End it in order, or abort it where a message is incomplete (PS3.8 7.2, 7.3)."""
        with suppress(OSError, NoAnswer):
            if self.is_within_message:
                self._connection.sendall(_ABORT)
                return
            self._connection.settimeout(_RELEASE_TIMEOUT_S)
            self._connection.sendall(_RELEASE)
            while receive(self._connection)[0] == _DATA:
                pass

    def _send(self, context: int, content: Iterable[bytes], kind: int) -> None:
        for fragment, is_last in fragments(content, self._fragment_bytes):
            control = kind | (_LAST if is_last else 0)
            value = (len(fragment) + 2).to_bytes(4, "big") + bytes((context, control)) + fragment
            try:
                self._connection.sendall(bytes((_DATA, 0)) + len(value).to_bytes(4, "big") + value)
            except OSError as error:
                raise NoAnswer(type(error).__name__) from error

    def _answer(self) -> Iterator[bytes]:
        """The command of the answer; a storage SCP answers without a data set."""
        while True:
            kind, body = receive(self._connection)
            if kind != _DATA:
                raise NoAnswer("the association was ended")
            at = 0
            while at + _PDV_HEADER_BYTES <= len(body):
                end = at + 4 + int.from_bytes(body[at : at + 4], "big")
                control = body[at + 5]
                if control & _COMMAND:
                    yield body[at + _PDV_HEADER_BYTES : end]
                    if control & _LAST:
                        return
                at = max(end, at + _PDV_HEADER_BYTES)


def numbered(pairs: Sequence[Pair]) -> Iterator[tuple[int, Pair]]:
    """Each with the id of its presentation context: odd numbers (PS3.8 9.3.2.2)."""
    return ((2 * number + 1, pair) for number, pair in enumerate(pairs))


def receive(connection: socket.socket) -> tuple[int, bytes]:
    """Type and rest of the next PDU (PS3.8 9.3.1). Raises NoAnswer."""
    try:
        header = _read(connection, 6)
        length = int.from_bytes(header[2:], "big")
        if length > _LONGEST_PDU_BYTES:
            raise NoAnswer("the answer is longer than any")
        return header[0], _read(connection, length)
    except OSError as error:
        raise NoAnswer(type(error).__name__) from error


def _read(connection: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = connection.recv(size - len(found))
        if not more:
            raise NoAnswer("the connection was closed")
        found += more
    return found
