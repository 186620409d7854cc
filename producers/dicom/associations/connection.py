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
from dataclasses import dataclass
from typing import Any

import structlog

from producers.dicom.associations.pdus import HEADER, P_DATA, InvalidPdu
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

_BUFFER_BYTES = 2**20
# What is read with a header, where it has come: the PDUs that follow.
_READ_AHEAD_BYTES = 2**19
# A-ASSOCIATE-RQ with 128 presentation contexts of all transfer syntaxes has some 250 KB.
_OTHER_LIMIT_BYTES = 2**20
_KINDS = range(1, 8)
# How soon a parked association sees that it is to send something, or to end.
_PARKED_MS = 50.0
# How long a peer has to close after an abort or a release; then we do.
_CLOSE_S = 2.0

PassOn = Callable[[bytes], None]


@dataclass(frozen=True, slots=True)
class Patience:
    """stall_s: how long nothing may come in the middle of a PDU. pdu_s: how long one PDU may take."""

    stall_s: float
    pdu_s: float


class _Ended(Exception):
    """The connection is closed, or nothing comes any more."""


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
        self._buffer = memoryview(b"")
        self._begin = self._end = 0
        self._closes_at_s = 0.0
        self._connection = self._layer.connection
        self._is_tls = isinstance(self._connection, ssl.SSLSocket)
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
            self._buffer = memoryview(b"")
            self._begin = self._end = 0
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
            if self._has_read_ahead:
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
            if self._poll.poll(_PARKED_MS) and not self._connection.recv(_BUFFER_BYTES):
                self._layer.end(CONNECTION_CLOSED)
        except (OSError, ValueError):
            self._layer.end(CONNECTION_CLOSED)
        return False

    @property
    def _has_read_ahead(self) -> bool:
        """Whether there is something in the buffer that was not looked at."""
        return self._begin < self._end

    def _is_readable(self) -> bool:
        if self._has_read_ahead:
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
        except _Ended:
            self._layer.end(CONNECTION_CLOSED)
        except InvalidPdu as error:
            log.warning("association aborted", reason=str(error), address=self._layer.address)
            self._layer.end(INVALID_PDU)

    def _read_pdu(self) -> None:
        header = self._next(HEADER.size)
        kind, length = HEADER.unpack(header)
        if kind == P_DATA and self._layer.state == ESTABLISHED:
            self._take(length)
            return
        if kind not in _KINDS or length > _OTHER_LIMIT_BYTES:
            raise InvalidPdu(f"PDU of type {kind} with {length} bytes")
        pdu = bytearray(header) + bytes(length)
        body = memoryview(pdu)[HEADER.size :]
        read_ahead = min(length, self._end - self._begin)
        body[:read_ahead] = self._buffer[self._begin : self._begin + read_ahead]
        self._begin += read_ahead
        self._fill(body[read_ahead:])
        self._pass_on(bytes(pdu))

    def _take(self, length: int) -> None:
        """The body of a P-DATA PDU from the buffer."""
        if length > _BUFFER_BYTES:
            raise InvalidPdu(f"P-DATA PDU of {length} bytes; {MAXIMUM_PDU_BYTES} were agreed on")
        if self._receiver is None:
            self._receiver = self._new_receiver(self._layer, self._pass_on)
            self._buffer = memoryview(bytearray(_BUFFER_BYTES))  # resident is what was written to
        self._receiver.take(self._next(length))

    def _next(self, length: int) -> memoryview:
        """The next bytes, valid until it is called again. Raises as `_fill` does.

        What has come beyond them is read with them, as far as the buffer goes: a call for each header and
        each body costs more than copying. Without a buffer, before the first image, only what is asked for.
        """
        if not self._buffer:
            view = memoryview(bytearray(length))
            self._fill(view)
            return view
        if self._end - self._begin < length:
            self._read_ahead(length)
        found = self._buffer[self._begin : self._begin + length]
        self._begin += length
        return found

    def _read_ahead(self, length: int) -> None:
        """So that there are `length` bytes. Raises as `_fill` does."""
        kept = self._end - self._begin
        self._buffer[:kept] = bytes(self._buffer[self._begin : self._end])
        self._begin, self._end = 0, kept
        if length > HEADER.size:  # the rest of a PDU is waited for in the kernel
            self._fill(self._buffer[kept:length])
            self._end = length
            return
        deadline_s = 0.0
        while self._end < length:
            self._end += self._receive(self._buffer[self._end : _READ_AHEAD_BYTES])
            if self._end < length:
                deadline_s = self._in_time(deadline_s)

    def _pass_on(self, pdu: bytes) -> None:
        try:
            self._layer.deliver(pdu)
        except Exception as error:  # noqa: BLE001 - whatever damaged bytes provoke in its decoder
            raise InvalidPdu(f"PDU that cannot be read: {type(error).__name__}") from None

    def _receive(self, view: memoryview, flags: int = 0) -> int:
        """What there is, into `view`; how many bytes. Raises _Ended, InvalidPdu where nothing comes."""
        try:
            count: int = self._connection.recv_into(view, 0, flags)
        except (BlockingIOError, TimeoutError):
            raise InvalidPdu("nothing came in the middle of a PDU") from None
        except (OSError, ValueError):
            raise _Ended from None
        if not count:
            raise _Ended
        return count

    def _fill(self, view: memoryview) -> None:
        """Raises _Ended, and InvalidPdu where it takes too long."""
        flags = 0 if self._is_tls else socket.MSG_WAITALL
        at, deadline_s = 0, 0.0
        while at < len(view):
            at += self._receive(view[at:], flags)
            if at < len(view):
                deadline_s = self._in_time(deadline_s)

    def _in_time(self, deadline_s: float) -> float:
        """By when a PDU has to be whole, at first 0. Raises InvalidPdu where that is over."""
        deadline_s = deadline_s or time.monotonic() + self._patience.pdu_s
        if time.monotonic() > deadline_s:
            raise InvalidPdu("a PDU that takes too long")
        return deadline_s
