"""The fold's agent: collects events for a moment, then flushes them together."""

from __future__ import annotations

import asyncio
import contextlib
import os
from typing import Any

import structlog

from processors.config import FoldConfig
from processors.flush import FaultIsOurs, Flusher

log = structlog.get_logger("fold")
EXIT_UNABLE = 70  # sysexits.h EX_SOFTWARE: the supervisor starts a fresh worker
_RETRY_S = 0.5
# The events of one message arrive together, but not in one step of the loop.
_GATHER_S = 0.002
_ATTEMPTS = 5


class FoldAgent:
    """Buffers a stream and flushes by count and by time, one flush at a time."""

    def __init__(self, flusher: Flusher, config: FoldConfig) -> None:
        self._flusher = flusher
        self._config = config

    async def __call__(self, stream: Any) -> None:
        """Run until the stream ends. Acknowledges by itself: `stream` must not."""
        # The queue's bound is the back-pressure: the stream is not read further while it is full.
        queue: asyncio.Queue[Any] = asyncio.Queue(maxsize=4 * self._config.batch_events)
        flushing = asyncio.create_task(self._flush_for_ever(queue))
        try:
            async for event in stream.noack().events():
                await queue.put(event)
        finally:
            flushing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await flushing

    async def _flush_for_ever(self, queue: asyncio.Queue[Any]) -> None:
        loop, due_s = asyncio.get_running_loop(), 0.0
        while True:
            batch = [await queue.get()]
            if queue.qsize() + 1 < self._config.batch_events:
                # What comes after a pause is folded at once; a steady stream still gathers.
                await asyncio.sleep(max(_GATHER_S, due_s - loop.time()))
            due_s = loop.time() + self._config.batch_wait_s
            while len(batch) < self._config.batch_events and not queue.empty():
                batch.append(queue.get_nowait())
            await self._flush(batch)

    async def _flush(self, batch: list[Any]) -> None:
        """Flush, again if Kafka did not take it. The same events fold to the same states."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._flusher.flush(batch)
            except FaultIsOurs as fault:
                log.critical("circuit_breaker_open", detail=str(fault))
                _give_up()
            # Whatever the client raises, the answer is one: nothing was acknowledged, try again.
            except Exception as error:  # noqa: BLE001
                log.error("flush_failed", attempt=attempt, events=len(batch), error=repr(error))
                await asyncio.sleep(_RETRY_S * attempt)
            else:
                return
        _give_up()


def _give_up() -> None:
    """Leave the process at once: what is not acknowledged is read again by the next worker."""
    os._exit(EXIT_UNABLE)
