"""Whether a connection is read from: not while it, or all connections together, hold too much."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from producers.hl7.config import Limits
from producers.hl7.in_flight import InFlight
from producers.hl7.unanswered import Unanswered


class Reading:
    """Counts what one connection holds, and stops and goes on reading from its sender."""

    def __init__(self, limits: Limits, in_flight: InFlight, go_on: Callable[[], None]) -> None:
        """`go_on` is called when all connections together hold so little again that it may be read on."""
        self._limits = limits
        self._in_flight = in_flight
        self._go_on = go_on
        self._counted = self._counted_bytes = 0
        self._is_reading = True

    def regulate(self, held: Unanswered, transport: asyncio.Transport | None, *, is_wanted: bool) -> None:
        """Count what we hold, and read on or not."""
        unanswered = len(held)
        held_bytes = held.size_bytes + held.unfinished_bytes
        more, more_bytes = unanswered - self._counted, held_bytes - self._counted_bytes
        # Before the call, which may come back to us.
        self._counted, self._counted_bytes = unanswered, held_bytes
        self._in_flight.add(more, more_bytes)
        limits = self._limits
        shall_read = (
            is_wanted and unanswered < limits.max_pending and held.size_bytes < limits.max_message_bytes
        )
        if shall_read and self._in_flight.is_full:
            shall_read = False
            self._in_flight.wait(self._go_on)
        if shall_read != self._is_reading and transport is not None:
            self._set_reading(transport, shall_read=shall_read)

    def forget(self) -> None:
        """The connection is lost: it is not called any more."""
        self._in_flight.forget(self._go_on)

    def _set_reading(self, transport: asyncio.Transport, *, shall_read: bool) -> None:
        if transport.is_closing():
            return
        self._is_reading = shall_read
        if shall_read:
            transport.resume_reading()
        else:
            transport.pause_reading()
