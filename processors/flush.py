"""One flush of the fold: states and rows to Kafka, then states to the store, and only then the offsets.

A flush works in slices and gives way to the event loop in between. It ends where a rebalance has begun:
whoever owns the partitions then reads the same events again, and the law makes that harmless.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from processors.config import FoldConfig
from processors.dead_letters import CircuitBreaker, dead_letter
from processors.exam_table import ExamTable
from processors.fold import Folded, fold_batch
from processors.fold_metrics import FoldMetrics
from processors.intake import Fetched
from processors.publication import Publication
from processors.recent_states import RecentStates
from processors.record_batches import send_batches
from schemas.codec import Codec
from schemas.phi import KeyRing
from schemas.topics import FOLD_CHANGELOG

log = structlog.get_logger("fold")


class FaultIsOurs(Exception):
    """Too many messages were rejected: going on would only move the log into the dead letters."""


class Flusher:
    """Folds what was fetched and publishes what changed."""

    def __init__(
        self,
        app: Any,
        table: ExamTable,
        dead_letters: Any,
        *,
        codec: Codec,
        ring: KeyRing,
        config: FoldConfig,
        metrics: FoldMetrics | None = None,
    ) -> None:
        """`app`: with a LogConsumer. `dead_letters`: the Faust topic."""
        self._app = app
        self._table = table
        self._dead_letters = dead_letters
        self._codec = codec
        self._ring = ring
        self._config = config
        self._breaker = CircuitBreaker()
        self._metrics = metrics or FoldMetrics(config.worker_name)
        self._recent = RecentStates(config.recent_states)

    async def flush(self, fetches: Sequence[Fetched]) -> None:
        """Fold `fetches`, publish, wait for Kafka, store, say what may be committed.

        Raises when Kafka did not take all of it (nothing is committed then; folding the same events
        again is harmless), StoreClosed, or FaultIsOurs.
        """
        if self._app.should_stop:
            return  # the stores are being closed; the next worker reads the same events
        now = self._app.rebalancing_count
        # After a rebalance the rest will be read again by whoever owns its partition now.
        live = [fetched for fetched in fetches if fetched.rebalances == now]
        if not live:
            return
        folded = await self._fold(live, now)
        publications = await self._published_form(folded, now)
        if not self._is_current(now):
            return
        _say(folded)
        async with asyncio.timeout(self._config.flush_timeout_s):
            await self._send(folded, publications)
        if not self._is_current(now):
            return
        self._keep(folded, publications)
        for fetched in live:
            self._app.consumer.folded(fetched.partition, fetched.next_offset)
        events = sum(len(fetched.records) for fetched in live)
        self._metrics.record_batch(events, folded)
        if self._breaker.record(events, len(folded.rejected)):
            raise FaultIsOurs("more than half of the latest messages cannot be folded; see the dead letters")

    def _is_current(self, rebalances: int) -> bool:
        return bool(self._app.rebalancing_count == rebalances)

    async def _fold(self, live: Sequence[Fetched], rebalances: int) -> Folded:
        folded, size = Folded(), self._config.slice_events
        self._recent.begin(rebalances)
        for fetched in live:
            for start in range(0, len(fetched.records), size):
                if not self._is_current(rebalances):
                    return folded
                part = fetched.records[start : start + size]
                self._recent.lend(part, folded.states)
                fold_batch(part, self._codec, self._table.read, folded)
                await asyncio.sleep(0)
        return folded

    async def _published_form(self, folded: Folded, rebalances: int) -> dict[int, Publication]:
        publications: dict[int, Publication] = {}
        for number, ((partition, key), state) in enumerate(folded.states.items()):
            if number % self._config.slice_exams == 0:
                await asyncio.sleep(0)
                if not self._is_current(rebalances):
                    break
            publication = publications.setdefault(partition, Publication())
            publication.add(key, state, self._codec, self._config.clock_bounds)
        return publications

    async def _send(self, folded: Folded, publications: dict[int, Publication]) -> None:
        producer = self._app.producer._ensure_producer()  # noqa: SLF001 - ADR 14
        letters = self._letters(folded)
        await asyncio.gather(
            *letters,
            *(self._send_partition(producer, number, one) for number, one in publications.items()),
        )

    async def _send_partition(self, producer: Any, partition: int, publication: Publication) -> None:
        offsets = await asyncio.gather(
            send_batches(producer, FOLD_CHANGELOG, partition, publication.states),
            *(send_batches(producer, topic, partition, rows) for topic, rows in publication.rows.items()),
        )
        publication.changelog_offset = offsets[0]

    def _keep(self, folded: Folded, publications: dict[int, Publication]) -> None:
        for partition, publication in publications.items():
            self._table.write(partition, publication.states, publication.changelog_offset)
        self._recent.give_back(folded.states)

    def _letters(self, folded: Folded) -> list[Any]:
        futures = []
        for rejected in folded.rejected:
            letter = dead_letter(rejected, self._ring, self._config.site, self._config.now())
            log.warning(
                "message_rejected",
                dead_letter_id=letter.dead_letter_id,
                reason=letter.reason,
                source_message_id=letter.source_message_id,
            )
            key, value = letter.dead_letter_id.encode(), self._codec.encode(letter)
            futures.append(self._dead_letters.send_soon(key=key, value=value))
        return futures


def _say(folded: Folded) -> None:
    for exam_id in folded.unreadable:
        log.error("state_unreadable", exam_id=exam_id, consequence="folded anew, marked to be rebuilt")
    if folded.unknown_events:
        log.warning("events_of_a_later_version", events=folded.unknown_events, consequence="kept, not shown")
