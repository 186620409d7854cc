"""One flush of the fold: states to the table, rows to the views, and only then the acknowledgements.

What this leans on in Faust: `Table.send_changelog` returns the future of the changelog message, the
table finds its partition through the context variable `faust.streams._current_event`, and
`app.consumer_generation_id` changes with every rebalance. `tests/unit/test_faust_internals.py` fails when
an upgrade changes one of them.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Sequence
from typing import Any

import structlog
from faust.streams import _current_event

from processors.changelog import AwaitableTable
from processors.config import FoldConfig
from processors.dead_letters import CircuitBreaker, dead_letter
from processors.fold import Folded, LogMessage, fold_batch
from processors.fold_metrics import FoldMetrics
from processors.state_codec import encode_state
from processors.turnaround import turnaround_draft
from processors.view import view_of
from processors.worklist import worklist_draft
from schemas.codec import Codec, Encodable
from schemas.phi import KeyRing

log = structlog.get_logger("fold")


class FaultIsOurs(Exception):
    """Too many messages were rejected: going on would only move the log into the dead letters."""


class Flusher:
    """Folds batches of Faust events and publishes what changed."""

    def __init__(
        self,
        app: Any,
        table: AwaitableTable,
        topics: dict[str, Any],
        *,
        codec: Codec,
        ring: KeyRing,
        config: FoldConfig,
        metrics: FoldMetrics | None = None,
    ) -> None:
        """`topics`: the Faust topics `worklist`, `turnaround` and `deadletters`."""
        self._app = app
        self._table = table
        self._topics = topics
        self._codec = codec
        self._ring = ring
        self._config = config
        self._breaker = CircuitBreaker()
        self._metrics = metrics or FoldMetrics(config.worker_name)

    async def flush(self, events: Sequence[Any]) -> None:
        """Fold `events`, publish, wait for Kafka, acknowledge.

        Raises when Kafka did not take all of it (nothing is acknowledged then; folding the same events
        again is harmless), or FaultIsOurs.
        """
        generation = self._app.consumer_generation_id
        # After a rebalance the rest will be read again by whoever owns its partition now.
        live = [event for event in events if event.message.generation_id == generation]
        if not live:
            return
        last = {event.message.partition: event for event in live}
        folded = fold_batch(map(_log_message, live), self._codec, lambda p, key: self._read(last[p], key))
        _say(folded)
        futures = self._publish(folded, last)
        await asyncio.wait_for(asyncio.gather(*futures), self._config.flush_timeout_s)
        if self._app.consumer_generation_id == generation:
            for event in live:
                event.ack()
        self._metrics.record_batch(len(live), folded)
        if self._breaker.record(len(live), len(folded.rejected)):
            raise FaultIsOurs("more than half of the latest messages cannot be folded; see the dead letters")

    def _read(self, event: Any, key: bytes) -> bytes | None:
        _current_event.set(weakref.ref(event))
        try:
            raw: bytes | None = self._table.get(key)
            return raw
        finally:
            _current_event.set(None)

    def _publish(self, folded: Folded, last: dict[int, Any]) -> list[Any]:
        """Queue everything, without giving way to the event loop in between."""
        futures: list[Any] = []
        self._table.pending = futures
        try:
            for (partition, key), state in folded.states.items():
                _current_event.set(weakref.ref(last[partition]))
                self._table[key] = encode_state(state)
                view = view_of(state, self._config.clock_bounds)
                rows: dict[str, Encodable] = {
                    "worklist": worklist_draft(view),
                    "turnaround": turnaround_draft(view),
                }
                for topic, row in rows.items():
                    value = self._codec.encode(row)
                    futures.append(self._topics[topic].send_soon(key=key, value=value, partition=partition))
        finally:
            self._table.pending = None
            _current_event.set(None)
        futures.extend(self._dead_letters(folded))
        return futures

    def _dead_letters(self, folded: Folded) -> list[Any]:
        futures = []
        for rejected in folded.rejected:
            letter = dead_letter(rejected, self._ring, self._config.site, self._config.now())
            log.warning(
                "message_rejected",
                dead_letter_id=letter.dead_letter_id,
                reason=letter.reason,
                source_message_id=letter.source_message_id,
            )
            value = self._codec.encode(letter)
            key = letter.dead_letter_id.encode()
            futures.append(self._topics["deadletters"].send_soon(key=key, value=value))
        return futures


def _say(folded: Folded) -> None:
    for exam_id in folded.unreadable:
        log.error("state_unreadable", exam_id=exam_id, consequence="folded anew, marked to be rebuilt")
    if folded.unknown_events:
        log.warning("events_of_a_later_version", events=folded.unknown_events, consequence="kept, not shown")


def _log_message(event: Any) -> LogMessage:
    message = event.message
    return LogMessage(message.partition, message.offset, message.key, message.value)
