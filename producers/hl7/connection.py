"""One MLLP connection: blocks in, answers out, in order, with bounds on both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import structlog

from producers.faults import place_of
from producers.hl7.framing import Block, Deframer, Junk, TooLong, frame

log = structlog.get_logger("hl7")

Receive = Callable[[Block | TooLong], Awaitable[asyncio.Task[list[bytes]]]]


class MllpConnection(asyncio.Protocol):
    """Messages are mapped one after the other, wait for Kafka side by side, and are answered in order."""

    def __init__(
        self,
        receive: Receive,
        *,
        max_message_bytes: int,
        max_pending: int,
        idle_timeout_s: float,
        on_lost: Callable[[MllpConnection], None],
    ) -> None:
        self._receive = receive
        self._deframer = Deframer(max_message_bytes)
        self._max_pending = max_pending
        self._idle_timeout_s = idle_timeout_s
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._blocks: asyncio.Queue[Block | TooLong | None] = asyncio.Queue()
        self._answers: asyncio.Queue[asyncio.Task[list[bytes]] | None] = asyncio.Queue(max_pending)
        self._transport: asyncio.Transport | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._writable = asyncio.Event()
        self._writable.set()
        self._unanswered = 0
        self._last_active_s = self._loop.time()
        self._idle_timer: asyncio.TimerHandle | None = None
        self._ending = False
        self._is_reading = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve."""
        self._transport = cast("asyncio.Transport", transport)  # as create_server gives, in any loop
        self._tasks = [
            self._loop.create_task(self._take_blocks()),
            self._loop.create_task(self._give_answers()),
        ]
        for task in self._tasks:
            task.add_done_callback(self._on_task_done)
        self._idle_timer = self._loop.call_later(self._idle_timeout_s, self._close_if_idle)

    def data_received(self, data: bytes) -> None:
        """Queue what became whole; stop reading while too much waits."""
        self._last_active_s = self._loop.time()
        for found in self._deframer.feed(data):
            if isinstance(found, Junk):
                log.warning("junk outside a block", size_bytes=found.size_bytes)
                continue
            self._unanswered += 1
            self._blocks.put_nowait(found)
        self._regulate()

    def eof_received(self) -> bool:
        """The sender is done, but may still wait for answers: keep our half open."""
        self.stop()
        return True

    def connection_lost(self, _reason: Exception | None) -> None:
        """What was read is still published: the sender will repeat it, and the ids make that harmless."""
        self._transport = None
        self._writable.set()
        self.stop()
        self._on_lost(self)

    def pause_writing(self) -> None:
        """The sender does not read its answers."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """It does again."""
        self._writable.set()

    def stop(self) -> None:
        """Read no more; answer what was read; close."""
        if not self._ending:
            self._ending = True
            self._regulate()
            self._blocks.put_nowait(None)
            if self._idle_timer is not None:
                self._idle_timer.cancel()

    async def wait_stopped(self) -> None:
        """Until all that was read is answered."""
        await asyncio.gather(*self._tasks)

    def abort(self) -> None:
        """Close now. What has no answer yet was never acknowledged."""
        for task in self._tasks:
            task.cancel()
        if self._transport is not None:
            self._transport.abort()

    async def _take_blocks(self) -> None:
        while (block := await self._blocks.get()) is not None:
            await self._answers.put(await self._receive(block))
        await self._answers.put(None)

    async def _give_answers(self) -> None:
        while (answering := await self._answers.get()) is not None:
            for answer in await answering:
                await self._writable.wait()
                if self._transport is not None:
                    self._transport.write(frame(answer))
            self._unanswered -= 1
            self._last_active_s = self._loop.time()
            self._regulate()
        if self._transport is not None:
            self._transport.close()

    def _regulate(self) -> None:
        shall_read = not self._ending and self._unanswered < self._max_pending
        if self._transport is None or self._transport.is_closing() or shall_read == self._is_reading:
            return
        self._is_reading = shall_read
        if shall_read:
            self._transport.resume_reading()
        else:
            self._transport.pause_reading()

    def _on_task_done(self, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            log.error("connection failed", fault=place_of(error))
            self.abort()

    def _close_if_idle(self) -> None:
        left_s = self._last_active_s + self._idle_timeout_s - self._loop.time()
        if self._unanswered or left_s > 0:
            self._idle_timer = self._loop.call_later(max(left_s, 1.0), self._close_if_idle)
            return
        log.info("idle connection closed")
        self.stop()
