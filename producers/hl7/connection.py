"""One MLLP connection: blocks in, answers out, in order, with bounds on both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import structlog

from producers.hl7.config import Limits
from producers.hl7.framing import Block, TooLong
from producers.hl7.in_flight import InFlight
from producers.hl7.reading import Reading
from producers.hl7.unanswered import Unanswered

log = structlog.get_logger("hl7")

Answered = Callable[[list[bytes]], None]
Receive = Callable[[Block | TooLong, Answered], asyncio.Future[None] | None]
"""Takes a message; calls `Answered` once, now or later. What it returns is done when the next may come."""

# Messages that one connection may have mapped before the others have their turn.
_TURN = 8


class MllpConnection(asyncio.Protocol):
    """Messages are mapped one after the other, wait for Kafka side by side, and are answered in order.

    unanswered: what was read and has no answer yet.
    """

    def __init__(
        self,
        receive: Receive,
        limits: Limits,
        in_flight: InFlight,
        *,
        accept: Callable[[MllpConnection, str], bool],
        on_lost: Callable[[MllpConnection], None],
        can_half_close: bool = True,
    ) -> None:
        """`accept` is asked with the peer's address before anything is read."""
        self._receive = receive
        self._limits = limits
        self._accept = accept
        self._on_lost = on_lost
        self._can_half_close = can_half_close
        self._loop = asyncio.get_running_loop()
        self.unanswered = Unanswered(limits.max_message_bytes, self._give_answers)
        self._reading = Reading(limits, in_flight, self._regulate)
        self._transport: asyncio.Transport | None = None
        self._stopped: asyncio.Future[None] = self._loop.create_future()
        self._is_held = self._is_taking = self._is_turn_due = self._is_ending = False
        self._is_writable = True
        self._last_message_s = self._message_began_s = self._last_written_s = self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve, unless the peer is not welcome."""
        self._transport = cast("asyncio.Transport", transport)  # as create_server gives, in any loop
        peer = transport.get_extra_info("peername")
        if not self._accept(self, str(peer[0]) if peer else ""):
            self._is_ending = True
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what became whole; stop reading while too much waits."""
        begins = self.unanswered.is_between_blocks
        now_s = self._loop.time()
        if self.unanswered.read(data):
            self._last_message_s = now_s
            begins = True
        if begins:
            self._message_began_s = now_s
        self._take()

    def eof_received(self) -> bool:
        """The sender is done, but may still wait for answers: keep our half open (TLS has no halves)."""
        self.stop()
        return self._can_half_close

    def connection_lost(self, _reason: Exception | None) -> None:
        """What was read is still published: the sender will repeat it, and the ids make that harmless."""
        self._transport = None
        self.stop()
        self._reading.forget()
        self._on_lost(self)

    def pause_writing(self) -> None:
        """The sender does not read its answers."""
        self._is_writable = False
        self._last_written_s = self._loop.time()
        self._regulate()

    def resume_writing(self) -> None:
        """It does again."""
        self._is_writable = True
        self._regulate()

    def stop(self) -> None:
        """Read no more; answer what was read; close."""
        self._is_ending = True
        self._regulate()
        self._end_if_done()

    async def wait_stopped(self) -> None:
        """Until all that was read is answered, and the connection is closed."""
        await asyncio.shield(self._stopped)

    def abort(self) -> None:
        """Close now. What has no answer yet was never acknowledged."""
        if self._transport is not None:
            self._transport.abort()

    def check(self, now_s: float) -> None:
        """Called about once a second: ends a connection that keeps us waiting."""
        timeout_s = self._limits.message_timeout_s
        if not self._is_writable and now_s - self._last_written_s > timeout_s:
            log.warning("connection closed: its answers are not read")
            self.abort()
        elif self._is_ending or self.unanswered:
            return
        elif not self.unanswered.is_between_blocks and now_s - self._message_began_s > timeout_s:
            size_bytes = self.unanswered.unfinished_bytes
            log.warning("connection closed: its message does not end", size_bytes=size_bytes)
            self.abort()
        elif now_s - self._last_message_s > self._limits.idle_timeout_s:
            log.info("idle connection closed")
            self.stop()

    def _give_answers(self) -> None:
        """Write the answers that are next in order; within `_take` its end does it, for all at once."""
        if self._is_taking:
            return
        self._write_answers()
        self._take()

    def _write_answers(self) -> None:
        ready = self.unanswered.take_answers()
        if ready is None:
            return
        self._last_message_s = self._loop.time()
        if ready and self._transport is not None:
            self._transport.write(b"".join(ready))

    def _take(self) -> None:
        """Hand on what waits, a turn at a time."""
        self._is_taking = True
        for _ in range(_TURN):
            if not self._may_take():
                break
            self._begin()
        self._is_taking = False
        self._write_answers()
        self._give_turn()
        self._regulate()
        self._end_if_done()

    def _may_take(self) -> bool:
        unanswered = self.unanswered
        return not self._is_held and unanswered.is_waiting and unanswered.handed_on < self._limits.max_pending

    def _begin(self) -> None:
        found, exchange = self.unanswered.hand_on()
        held = self._receive(found, exchange.answered)
        if held is not None:
            self._is_held = True
            held.add_done_callback(self._go_on)

    def _give_turn(self) -> None:
        """Another turn is due, after the other connections'."""
        if not self._is_turn_due and self._may_take():
            self._is_turn_due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._is_turn_due = False
        self._take()

    def _go_on(self, _held: asyncio.Future[None]) -> None:
        self._is_held = False
        self._take()

    def _regulate(self) -> None:
        wanted = not self._is_ending and self._is_writable
        self._reading.regulate(self.unanswered, self._transport, is_wanted=wanted)

    def _end_if_done(self) -> None:
        if not self._is_ending or self.unanswered:
            return
        if self._transport is not None:
            self._transport.close()  # what is written is sent first, and then the connection is lost
        elif not self._stopped.done():
            self._stopped.set_result(None)
