"""Reading one association's connection in the library's place (docs/adr/0012): whole PDUs, and no polling.

pynetdicom negotiates, serves, releases and aborts as ever. It is given every PDU but those of C-STOREs, which
go to the MessageReceiver in the same thread; while nothing else is asked for, its association thread is
parked.
"""

from __future__ import annotations

import select
import socket
import ssl
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import structlog

from producers.dicom.associations.pdus import HEADER, P_DATA, InvalidPdu
from producers.dicom.associations.read_ahead import BUFFER_BYTES, Ended, Patience, ReadAhead
from producers.dicom.associations.receiving import MessageReceiver
from producers.dicom.associations.upper_layer import (
    ANSWERING_REQUEST,
    AWAITING_CLOSE,
    CONNECTION_CLOSED,
    ESTABLISHED,
    INVALID_PDU,
    UpperLayer,
)

log = structlog.get_logger("dicom")

MAXIMUM_PDU_BYTES = 2**18
"""What we tell peers that a PDU may have. Larger ones are taken up to the buffer all the same."""

# A-ASSOCIATE-RQ with 128 presentation contexts of all transfer syntaxes has some 250 KB.
_OTHER_LIMIT_BYTES = 2**20
_KINDS = range(1, 8)
# How soon a parked association sees that it is to send something, or to end.
_PARKED_MS = 50.0
# How long a peer has to close after an abort or a release; then we do.
_CLOSE_S = 2.0

PassOn = Callable[[bytes], None]


class AssociationConnection:
    """The reading side of one association.

    new_receiver: asked once it is established. on_closed: called when its reader thread ends, in any case.
    """

    def __init__(
        self,
        association: Any,
        new_receiver: Callable[[UpperLayer, PassOn], MessageReceiver],
        on_closed: Callable[[], None],
        patience: Patience,
    ) -> None:
        self._layer = UpperLayer(association)
        self._new_receiver = new_receiver
        self._on_closed = on_closed
        self._patience = patience
        self._receiver: MessageReceiver | None = None
        self._closes_at_s = 0.0
        self._connection = self._layer.connection
        self._is_tls = isinstance(self._connection, ssl.SSLSocket)
        self._bytes = ReadAhead(self._connection, patience.pdu_s, is_tls=self._is_tls)
        self._set_timeouts()
        self._poll = select.poll()
        self._poll.register(self._connection, select.POLLIN)
        self._layer.adopt(await_event=self._await_event, read=self._read, run=self._run)

    def cut(self) -> None:
        """End the connection, whatever it is doing."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)

    def _set_timeouts(self) -> None:
        stall_s = self._patience.stall_s
        if self._is_tls:
            self._connection.settimeout(stall_s)
            return
        self._connection.settimeout(None)  # the kernel's own: it fills whole buffers before it wakes us
        timeval = struct.pack("ll", int(stall_s), int(stall_s % 1 * 1_000_000))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            self._connection.setsockopt(socket.SOL_SOCKET, option, timeval)

    def _run(self) -> None:
        try:
            self._layer.run()
        finally:
            self._layer.checkpoint.set()
            if self._receiver is not None:
                self._receiver.close()
            self._bytes.close()
            self._on_closed()

    def _await_event(self) -> bool:
        """In the library's loop: read what has come, and say whether it has anything to do with it."""
        layer = self._layer
        if layer.has_events():  # what was read last comes first
            return False
        if layer.state == AWAITING_CLOSE:
            return self._await_close()
        if layer.state == ANSWERING_REQUEST:  # what comes before the answer is not read before it
            return False
        if layer.state != ESTABLISHED:
            if self._bytes.has_some:
                self._read()
                return True
            return layer.await_event()
        return not layer.is_behind and self._await_messages()

    def _await_messages(self) -> bool:
        layer = self._layer
        if layer.is_quiet:
            layer.checkpoint.hold()
        while not layer.has_to_send:
            if self._is_readable():
                self._read()
                layer.was_read()
                if layer.has_events():
                    layer.checkpoint.let_go()
                    return True
            elif layer.is_idle_too_long or not layer.checkpoint.is_parked:
                layer.checkpoint.let_go()
                return False
        return False

    def _await_close(self) -> bool:
        """The last PDU was sent; what still comes is thrown away, or closing would take it from the peer."""
        self._closes_at_s = self._closes_at_s or time.monotonic() + _CLOSE_S
        if time.monotonic() > self._closes_at_s:
            return self._layer.await_event()
        try:
            if self._poll.poll(_PARKED_MS) and not self._connection.recv(BUFFER_BYTES):
                self._layer.end(CONNECTION_CLOSED)
        except (OSError, ValueError):
            self._layer.end(CONNECTION_CLOSED)
        return False

    def _is_readable(self) -> bool:
        if self._bytes.has_some:
            return True
        if self._is_tls and self._connection.pending():
            return True
        try:
            return bool(self._poll.poll(_PARKED_MS if self._layer.checkpoint.is_parked else 0))
        except (OSError, ValueError):
            return True  # closed: reading says so

    def _read(self) -> None:
        """One PDU, or the end of the connection."""
        try:
            self._read_pdu()
        except Ended:
            self._layer.end(CONNECTION_CLOSED)
        except InvalidPdu as error:
            log.warning("association aborted", reason=str(error), address=self._layer.address)
            self._layer.end(INVALID_PDU)

    def _read_pdu(self) -> None:
        header = self._bytes.next(HEADER.size)
        kind, length = HEADER.unpack(header)
        if kind == P_DATA and self._layer.state == ESTABLISHED:
            self._take(length)
            return
        if kind not in _KINDS or length > _OTHER_LIMIT_BYTES:
            raise InvalidPdu(f"PDU of type {kind} with {length} bytes")
        head = bytes(header)
        self._pass_on(head + self._bytes.copied(length))

    def _take(self, length: int) -> None:
        """The body of a P-DATA PDU from the buffer."""
        if length > BUFFER_BYTES:
            raise InvalidPdu(f"P-DATA PDU of {length} bytes; {MAXIMUM_PDU_BYTES} were agreed on")
        if self._receiver is None:
            self._receiver = self._new_receiver(self._layer, self._pass_on)
            self._bytes.begin()
        self._receiver.take(self._bytes.next(length))

    def _pass_on(self, pdu: bytes) -> None:
        try:
            self._layer.deliver(pdu)
        except Exception as error:  # noqa: BLE001 - whatever damaged bytes provoke in its decoder
            raise InvalidPdu(f"PDU that cannot be read: {type(error).__name__}") from None
