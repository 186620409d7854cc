"""The loop: take, batch, convert, deliver, commit.

While a thread delivers one batch, the next one is taken and converted. Never more than one is being
delivered, and offsets are committed in the order of the batches, after ClickHouse has acknowledged the rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import Executor, Future, ThreadPoolExecutor, wait
from typing import Any, NamedTuple

import structlog

from sinks.clickhouse.batch import Batch, Batcher
from sinks.clickhouse.config import BatchLimits
from sinks.clickhouse.conversion import Conversion
from sinks.clickhouse.converted import Converted
from sinks.clickhouse.delivery import Delivery
from sinks.clickhouse.errors import Unavailable
from sinks.clickhouse.metrics import SinkMetrics
from sinks.clickhouse.subscription import Partition, Subscription

log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
_IDLE_WAIT_S = 0.1
# While a batch is being delivered: how soon after that it is committed.
_BUSY_WAIT_S = 0.01
_TELL_EVERY_S = 1.0
_LOG_EVERY_S = 10.0

Tell = Callable[[Mapping[str, Any]], None]


class _Delivering(NamedTuple):
    """A batch that a thread brings into the tables."""

    converted: Converted
    future: Future[None]


class Sink:
    """Takes from `subscription` what `delivery` brings into the tables."""

    def __init__(
        self,
        *,
        subscription: Subscription,
        conversion: Conversion,
        delivery: Delivery,
        limits: BatchLimits,
        metrics: SinkMetrics,
        stopping: Callable[[], bool],
        tell: Tell = lambda _figures: None,
    ) -> None:
        """`tell` gets the metrics, once a second where something changed."""
        self._subscription = subscription
        self._conversion = conversion
        self._delivery = delivery
        self._batcher = Batcher(limits)
        self._limits = limits
        self._metrics = metrics
        self._stopping = stopping
        self._tell = tell
        self._told: Mapping[str, Any] = {}
        self._under_way: _Delivering | None = None
        # A batch was given up because of a stop: nothing that follows it may be committed.
        self._gave_up = False
        self._tell_at_s = time.monotonic()
        self._log_at_s = time.monotonic() + _LOG_EVERY_S
        subscription.on_losing = self._before_losing
        subscription.on_lost = self._batcher.drop

    def run(self) -> None:
        """Until `stopping`; then deliver what is held, trying once."""
        with ThreadPoolExecutor(1, "delivery") as thread:
            while not self._stopping():
                self._fill()
                for batch in self._batcher.take_due(time.monotonic()):
                    self._go_on_with(batch, thread)
                if self._under_way is not None and self._under_way.future.done():
                    self._settle(thread)
                self._subscription.commit_rest()
                self._report()
            for batch in self._batcher.take_all():
                self._go_on_with(batch, thread)
            self._settle(thread)

    def _fill(self) -> None:
        """Take what is there, at most one batch's worth; where nothing is, wait until a batch is due."""
        until_due_s = self._batcher.wait_s(time.monotonic())
        longest_s = _IDLE_WAIT_S if self._under_way is None else _BUSY_WAIT_S
        self._take(longest_s if until_due_s is None else min(until_due_s, longest_s))

    def _take(self, wait_s: float) -> None:
        messages = self._subscription.take(self._limits.rows, self._limits.bytes, wait_s)
        # Taken is taken: whatever follows, a message that is not added here would be committed past.
        self._batcher.add(messages, time.monotonic())

    def _go_on_with(self, batch: Batch, thread: Executor) -> None:
        """Convert `batch` while the one before is being delivered; settle that one, and begin with this."""
        converted = self._converted(batch)
        self._settle(thread)
        self._begin(converted, thread)

    def _converted(self, batch: Batch) -> Converted | None:
        """What is ours of `batch`, however long it takes; None where nothing is, or after a stop."""
        pause_s = FIRST_PAUSE_S
        while not self._gave_up and (remaining := self._still_ours(batch)):
            batch = remaining
            try:
                return self._conversion.convert(batch)
            except Unavailable as error:
                pause_s = self._wait_after(error, batch, pause_s)
        return None

    def _begin(self, converted: Converted | None, thread: Executor) -> None:
        """Deliver what is ours still."""
        if converted is not None and self._still_ours(converted.batch) is not converted.batch:
            converted = self._converted(converted.batch)
        if converted is not None and not self._gave_up:
            self._under_way = _Delivering(converted, thread.submit(self._delivery.deliver, converted))

    def _settle(self, thread: Executor) -> None:
        """Wait until what is under way is delivered, however long it takes, and commit it."""
        pause_s = FIRST_PAUSE_S
        while (under_way := self._under_way) is not None:
            try:
                under_way.future.result()
            except Unavailable as error:
                self._under_way = None
                pause_s = self._wait_after(error, under_way.converted.batch, pause_s)
                self._begin(under_way.converted, thread)
            else:
                self._commit(under_way.converted.batch)

    def _commit(self, batch: Batch) -> None:
        self._under_way = None
        self._subscription.commit(batch.topic, batch.next_offsets())
        self._metrics.record_batch(len(batch.messages))

    def _before_losing(self, places: Collection[Partition]) -> None:
        """Commit what is being delivered of `places` while we may; what fails is left to their next owner."""
        under_way = self._under_way
        if under_way is None or not any(topic == under_way.converted.batch.topic for topic, _ in places):
            return
        wait([under_way.future])
        if under_way.future.exception() is None:
            self._commit(under_way.converted.batch)

    def _still_ours(self, batch: Batch) -> Batch | None:
        """`batch` itself, what remains of it, or None."""
        owned = self._subscription.owned
        lost = {partition for partition in batch.partitions() if (batch.topic, partition) not in owned}
        remaining = batch.without(lost) if lost else batch
        return remaining if remaining.messages else None

    def _wait_after(self, error: Unavailable, batch: Batch, pause_s: float) -> float:
        """Stay in the group for `pause_s`, taking nothing new; how long to wait the next time."""
        self._metrics.record_error(str(error))
        log.warning("delivery_failed", topic=batch.topic, error=str(error), again_in_s=pause_s)
        self._subscription.pause()
        until_s = time.monotonic() + pause_s
        while not self._stopping() and (left_s := until_s - time.monotonic()) > 0:
            self._take(min(left_s, _IDLE_WAIT_S))  # what was on its way when we paused is ours to keep
        self._subscription.resume()
        self._report()
        self._gave_up = self._stopping()
        return min(pause_s * 2, LONGEST_PAUSE_S)

    def _report(self) -> None:
        now_s = time.monotonic()
        if now_s < self._tell_at_s:
            return
        self._tell_at_s = now_s + _TELL_EVERY_S
        self._metrics.lag = self._subscription.lag()
        figures = self._metrics.snapshot()
        if figures != self._told:
            self._tell(figures)
            self._told = figures
        if now_s >= self._log_at_s:
            self._log_at_s = now_s + _LOG_EVERY_S
            log.info("sink_progress", **figures)
