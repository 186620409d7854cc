"""One MLLP connection: blocks in, answers out, in order, with bounds on both."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import structlog

from producers.hl7.config import Limits
from producers.hl7.framing import Block, Deframer, Junk, TooLong, frame
from producers.hl7.in_flight import InFlight

log = structlog.get_logger("hl7")

Answered = Callable[[list[bytes]], None]
Receive = Callable[[Block | TooLong, Answered], asyncio.Future[None] | None]
"""Takes a message; calls `Answered` once, now or later. What it returns is done when the next may come."""

# Messages that one connection may have mapped before the others have their turn.
_TURN = 8


@dataclass(slots=True, eq=False)
class _Exchange:
    """A message, and its answers' place in the order."""

    connection: MllpConnection
    size_bytes: int
    answers: list[bytes] | None = None

    def answered(self, answers: list[bytes]) -> None:
        """The answers are there."""
        self.answers = answers
        self.connection.give_answers()


class MllpConnection(asyncio.Protocol):
    """Messages are mapped one after the other, wait for Kafka side by side, and are answered in order."""

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
        self._in_flight = in_flight
        self._accept = accept
        self._on_lost = on_lost
        self._can_half_close = can_half_close
        self._loop = asyncio.get_running_loop()
        self._deframer = Deframer(limits.max_message_bytes)
        self._waiting: deque[Block | TooLong] = deque()
        self._exchanges: deque[_Exchange] = deque()
        self._transport: asyncio.Transport | None = None
        self._stopped: asyncio.Future[None] = self._loop.create_future()
        self._queued_bytes = 0
        self._counted = self._counted_bytes = 0
        self._is_held = self._is_taking = self._is_turn_due = self._is_ending = False
        self._resume = self._regulate
        self._is_reading = self._is_writable = True
        self._last_message_s = self._message_began_s = self._last_written_s = self._loop.time()

    @property
    def unanswered(self) -> int:
        """Messages that were read and have no answer yet."""
        return len(self._waiting) + len(self._exchanges)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve, unless the peer is not welcome."""
        self._transport = cast("asyncio.Transport", transport)  # as create_server gives, in any loop
        peer = transport.get_extra_info("peername")
        if not self._accept(self, str(peer[0]) if peer else ""):
            self._is_ending = True
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Take what became whole; stop reading while too much waits."""
        was_idle = self._deframer.is_idle
        now_s = self._loop.time()
        for found in self._deframer.feed(data):
            if isinstance(found, Junk):
                log.warning("junk outside a block", size_bytes=found.size_bytes)
                continue
            self._waiting.append(found)
            self._queued_bytes += _size_of(found)
            self._last_message_s = now_s
            was_idle = True
        if was_idle:
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
        self._in_flight.forget(self._resume)
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
        limits = self._limits
        if not self._is_writable and now_s - self._last_written_s > limits.message_timeout_s:
            log.warning("connection closed: its answers are not read")
            self.abort()
        elif self._is_ending or self.unanswered:
            return
        elif not self._deframer.is_idle and now_s - self._message_began_s > limits.message_timeout_s:
            size_bytes = self._deframer.buffered_bytes
            log.warning("connection closed: its message does not end", size_bytes=size_bytes)
            self.abort()
        elif now_s - self._last_message_s > limits.idle_timeout_s:
            log.info("idle connection closed")
            self.stop()

    def give_answers(self) -> None:
        """Write the answers that are next in order; within `_take` its end does it, for all at once."""
        if self._is_taking:
            return
        self._write_answers()
        self._take()

    def _write_answers(self) -> None:
        exchanges = self._exchanges
        ready: list[bytes] = []
        while exchanges and (answers := exchanges[0].answers) is not None:
            self._queued_bytes -= exchanges.popleft().size_bytes
            self._last_message_s = self._loop.time()
            ready += map(frame, answers)
        if ready and self._transport is not None:
            self._transport.write(b"".join(ready))

    def _take(self) -> None:
        """Hand on what waits, a turn at a time."""
        self._is_taking = True
        for _ in range(_TURN):
            if self._is_held or not self._waiting or len(self._exchanges) >= self._limits.max_pending:
                break
            self._begin(self._waiting.popleft())
        self._is_taking = False
        self._write_answers()
        self._give_turn()
        self._regulate()
        self._end_if_done()

    def _begin(self, found: Block | TooLong) -> None:
        exchange = _Exchange(self, _size_of(found))
        self._exchanges.append(exchange)
        held = self._receive(found, exchange.answered)
        if held is not None:
            self._is_held = True
            held.add_done_callback(self._go_on)

    def _give_turn(self) -> None:
        """Another turn is due, after the other connections'."""
        if (
            self._waiting
            and not self._is_held
            and not self._is_turn_due
            and len(self._exchanges) < self._limits.max_pending
        ):
            self._is_turn_due = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        self._is_turn_due = False
        self._take()

    def _go_on(self, _held: asyncio.Future[None]) -> None:
        self._is_held = False
        self._take()

    def _regulate(self) -> None:
        """Count what we hold, and read on or not."""
        held_bytes = self._queued_bytes + self._deframer.buffered_bytes
        unanswered = self.unanswered
        more, more_bytes = unanswered - self._counted, held_bytes - self._counted_bytes
        # Before the call, which may come back to us.
        self._counted, self._counted_bytes = unanswered, held_bytes
        self._in_flight.add(more, more_bytes)
        limits = self._limits
        shall_read = (
            not self._is_ending
            and self._is_writable
            and unanswered < limits.max_pending
            and self._queued_bytes < limits.max_message_bytes
        )
        if shall_read and self._in_flight.is_full:
            shall_read = False
            self._in_flight.wait(self._resume)
        if shall_read != self._is_reading and self._transport is not None:
            self._set_reading(self._transport, shall_read=shall_read)

    def _set_reading(self, transport: asyncio.Transport, *, shall_read: bool) -> None:
        if transport.is_closing():
            return
        self._is_reading = shall_read
        if shall_read:
            transport.resume_reading()
        else:
            transport.pause_reading()

    def _end_if_done(self) -> None:
        if not self._is_ending or self.unanswered:
            return
        if self._transport is not None:
            self._transport.close()  # what is written is sent first, and then the connection is lost
        elif not self._stopped.done():
            self._stopped.set_result(None)


def _size_of(found: Block | TooLong) -> int:
    return len(found.content if isinstance(found, Block) else found.head)
