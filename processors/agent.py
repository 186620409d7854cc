"""The fold's agent: takes what was fetched, and flushes it together."""

from __future__ import annotations

import asyncio
import os
from time import monotonic
from typing import Any

import structlog

from processors.config import FoldConfig
from processors.flush import FaultIsOurs, Flusher
from processors.intake import Fetched, Intake

log = structlog.get_logger("fold")
EXIT_UNABLE = 70  # sysexits.h EX_SOFTWARE: the supervisor starts a fresh worker
_RETRY_S = 0.5
# The events of one message arrive together, but not in one step of the loop.
_GATHER_S = 0.002
_ATTEMPTS = 5
_FIRST_BATCH = 1_000


class FoldAgent:
    """Flushes all that waits, one flush at a time: the further behind, the more at once."""

    def __init__(self, flusher: Flusher, intake: Intake, config: FoldConfig) -> None:
        self._flusher = flusher
        self._intake = intake
        self._config = config
        self._flushing = asyncio.Lock()
        self._batch_events = min(_FIRST_BATCH, config.batch_events)

    async def __call__(self, stream: Any) -> None:
        """Run until it is cancelled. `stream` only makes Faust subscribe: its messages go to the intake."""
        subscribing = asyncio.create_task(_subscribe(stream))
        try:
            await self._flush_for_ever()
        finally:
            subscribing.cancel()

    async def _flush_for_ever(self) -> None:
        loop, due_s = asyncio.get_running_loop(), 0.0
        while True:
            await self._intake.wait_for_some()
            # What comes after a pause is folded at once; a steady stream still gathers.
            await self._intake.wait_for_many(self._batch_events, max(_GATHER_S, due_s - loop.time()))
            due_s = loop.time() + self._config.batch_wait_s
            async with self._flushing:
                await self._flush_some()

    async def settle(self) -> None:
        """Before partitions are given up: forget what waits, and end the flush that is under way.

        Whoever gets the partitions must not read the changelog before the last of our writes is in it.
        """
        self._intake.clear()
        try:
            async with asyncio.timeout(self._config.flush_timeout_s), self._flushing:
                self._intake.clear()
        except TimeoutError:
            log.error("flush_outlasts_rebalance")
            _give_up()

    async def _flush_some(self) -> None:
        """Flush as much as takes about `batch_s`: what takes too long looks like a worker that stands."""
        batch = self._intake.take(self._batch_events)
        start_s = monotonic()
        await self._flush(batch)
        events = sum(len(fetched.records) for fetched in batch)
        if events >= _FIRST_BATCH:
            fitting = int(events / (monotonic() - start_s) * self._config.batch_s)
            self._batch_events = min(max(fitting, _FIRST_BATCH), self._config.batch_events)

    async def _flush(self, batch: list[Fetched]) -> None:
        """Flush, again if Kafka did not take it. The same events fold to the same states."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._flusher.flush(batch)
            except FaultIsOurs as fault:
                log.critical("circuit_breaker_open", detail=str(fault))
                _give_up()
            # Whatever the client raises, the answer is one: nothing was committed, try again.
            except Exception as error:  # noqa: BLE001
                log.error("flush_failed", attempt=attempt, fetches=len(batch), error=repr(error))
                await asyncio.sleep(_RETRY_S * attempt)
            else:
                return
        _give_up()


async def _subscribe(stream: Any) -> None:
    async for event in stream.noack().events():
        log.error("event_outside_of_intake", offset=event.message.offset)
        _give_up()


def _give_up() -> None:
    """Leave the process at once: what is not committed is read again by the next worker."""
    os._exit(EXIT_UNABLE)
