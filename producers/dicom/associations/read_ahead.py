"""The bytes of one association's connection, with as few system calls as it takes."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import Any

from producers.dicom.associations.pdus import HEADER, InvalidPdu

BUFFER_BYTES = 2**20
"""The longest piece that can be asked for."""

# What is read with a header, where it has come: the PDUs that follow.
_READ_AHEAD_BYTES = 2**19


@dataclass(frozen=True, slots=True)
class Patience:
    """stall_s: how long nothing may come in the middle of a PDU. pdu_s: how long one PDU may take."""

    stall_s: float
    pdu_s: float


class Ended(Exception):
    """The connection is closed, or nothing comes any more."""


class ReadAhead:
    """Of one thread."""

    def __init__(self, connection: Any, pdu_s: float, *, is_tls: bool) -> None:
        """Reads no more than what is asked for until `begin`. pdu_s: how long one PDU may take."""
        self._connection = connection
        self._pdu_s = pdu_s
        self._is_tls = is_tls
        self._buffer = memoryview(b"")
        self._begin = self._end = 0

    @property
    def has_some(self) -> bool:
        """Whether something was read that nobody asked for yet."""
        return self._begin < self._end

    def begin(self) -> None:
        """Read ahead from now on."""
        self._buffer = memoryview(bytearray(BUFFER_BYTES))  # resident is what was written to

    def close(self) -> None:
        """Let go of the memory."""
        self._buffer, self._begin, self._end = memoryview(b""), 0, 0

    def copied(self, length: int) -> bytes:
        """The next bytes, to keep. Raises as `next` does."""
        return bytes(self.next(length))

    def next(self, length: int) -> memoryview:
        """The next bytes, valid until it is called again. Raises Ended, InvalidPdu where it takes too long.

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
        """So that there are `length` bytes."""
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

    def _receive(self, view: memoryview, flags: int = 0) -> int:
        """What there is, into `view`; how many bytes. Raises Ended, InvalidPdu where nothing comes."""
        try:
            count: int = self._connection.recv_into(view, 0, flags)
        except (BlockingIOError, TimeoutError):
            raise InvalidPdu("nothing came in the middle of a PDU") from None
        except (OSError, ValueError):
            raise Ended from None
        if not count:
            raise Ended
        return count

    def _fill(self, view: memoryview) -> None:
        """Raises Ended, and InvalidPdu where it takes too long."""
        flags = 0 if self._is_tls else socket.MSG_WAITALL
        at, deadline_s = 0, 0.0
        while at < len(view):
            at += self._receive(view[at:], flags)
            if at < len(view):
                deadline_s = self._in_time(deadline_s)

    def _in_time(self, deadline_s: float) -> float:
        """By when a PDU has to be whole, at first 0. Raises InvalidPdu where that is over."""
        deadline_s = deadline_s or time.monotonic() + self._pdu_s
        if time.monotonic() > deadline_s:
            raise InvalidPdu("a PDU that takes too long")
        return deadline_s
