"""The loop: take, batch, convert, deliver, commit.

While a thread delivers one batch, the next one is converted and waits for its turn, and another is taken.
Never more than one is being delivered, none before the one that came before it, and offsets are committed in
that order, after ClickHouse has acknowledged the rows.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import structlog

from sinks.clickhouse.batch import Batcher
from sinks.clickhouse.config import BatchLimits
from sinks.clickhouse.conversion import Conversion
from sinks.clickhouse.converted import Converted
from sinks.clickhouse.delivery import Delivery
from sinks.clickhouse.errors import Unavailable
from sinks.clickhouse.messages import Messages
from sinks.clickhouse.metrics import SinkMetrics
from sinks.clickhouse.subscription import Partition, Subscription
from sinks.clickhouse.under_way import UnderWay

log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
# Converted and not committed: one that is being delivered, and one that follows without a gap.
_MOST_UNDER_WAY = 2
_IDLE_WAIT_S = 0.1
# While a batch is being delivered: how soon after that it is committed.
_BUSY_WAIT_S = 0.01
_TELL_EVERY_S = 1.0
_LOG_EVERY_S = 10.0

Tell = Callable[[Mapping[str, Any]], None]


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
        self._batcher = Batcher(limits)
        self._limits = limits
        self._metrics = metrics
        self._stopping = stopping
        self._tell = tell
        self._told: Mapping[str, Any] = {}
        self._under_way = UnderWay(delivery.deliver)
        # A batch was given up because of a stop: nothing that follows it may be committed.
        self._gave_up = False
        self._tell_at_s = time.monotonic()
        self._log_at_s = time.monotonic() + _LOG_EVERY_S
        subscription.on_losing = self._before_losing
        subscription.on_lost = self._batcher.drop

    def run(self) -> None:
        """Until `stopping`; then deliver what is held, trying once."""
        with self._under_way:
            while not self._stopping():
                self._fill()
                for batch in self._batcher.take_due(time.monotonic()):
                    self._go_on_with(batch)
                while self._under_way.is_first_ready():
                    self._settle_first()
                self._subscription.commit_rest()
                self._report()
            for batch in self._batcher.take_all():
                self._go_on_with(batch)
            self._settle(0)

    def _fill(self) -> None:
        """Take what is there, at most one batch's worth; where nothing is, wait until a batch is due."""
        until_due_s = self._batcher.wait_s(time.monotonic())
        longest_s = _IDLE_WAIT_S if not self._under_way else _BUSY_WAIT_S
        self._take(longest_s if until_due_s is None else min(until_due_s, longest_s))

    def _take(self, wait_s: float) -> None:
        taken = self._subscription.take(self._limits.rows, self._limits.bytes, wait_s)
        # Taken is taken: whatever follows, a message that is not added here would be committed past.
        for messages in taken:
            self._batcher.add(messages, time.monotonic())

    def _go_on_with(self, batch: Messages) -> None:
        """Convert `batch` while others are being delivered; then it is its turn, as soon as there is room."""
        converted = self._converted(batch)
        self._settle(_MOST_UNDER_WAY - 1)
        self._begin(converted)

    def _converted(self, batch: Messages) -> Converted | None:
        """What is ours of `batch`, however long it takes; None where nothing is, or after a stop."""
        pause_s = FIRST_PAUSE_S
        while not self._gave_up and (remaining := self._still_ours(batch)):
            batch = remaining
            try:
                return self._conversion.convert(batch)
            except Unavailable as error:
                pause_s = self._wait_after(error, pause_s)
        return None

    def _begin(self, converted: Converted | None) -> None:
        """Deliver what is ours still, once all that is under way is delivered."""
        if converted is not None and self._still_ours(converted.batch) is not converted.batch:
            converted = self._converted(converted.batch)
        if converted is not None and not self._gave_up:
            self._under_way.add(converted)

    def _settle(self, most: int) -> None:
        """Wait until no more than `most` are under way, however long it takes."""
        while len(self._under_way) > most:
            self._settle_first()

    def _settle_first(self) -> None:
        """Wait until the first that is under way is delivered, however long it takes, and commit it."""
        pause_s, delivered = FIRST_PAUSE_S, None
        while delivered is None and len(self._under_way):
            try:
                delivered = self._under_way.take_first()
            except Unavailable as error:
                pause_s = self._wait_after(error, pause_s)
                for converted in self._under_way.take_all():
                    self._begin(converted)
        if delivered is not None:
            self._commit(delivered)

    def _commit(self, delivered: Converted) -> None:
        self._subscription.commit(delivered.batch.topic, delivered.batch.origin.next_offsets())
        self._metrics.record_batch(len(delivered.batch))

    def _before_losing(self, places: Collection[Partition]) -> None:
        """Commit what is being delivered of `places` while we may; what fails is left to their next owner."""
        if self._under_way.topics() & {topic for topic, _ in places}:
            while len(self._under_way) and self._under_way.is_first_delivered():
                self._commit(self._under_way.take_first())

    def _still_ours(self, batch: Messages) -> Messages | None:
        """`batch` itself, what remains of it, or None."""
        remaining = batch.without(batch.origin.places().difference(self._subscription.owned))
        return remaining if len(remaining) else None

    def _wait_after(self, error: Unavailable, pause_s: float) -> float:
        """Stay in the group for `pause_s`, taking nothing new; how long to wait the next time."""
        self._metrics.record_error(str(error))
        log.warning("delivery_failed", error=str(error), again_in_s=pause_s)
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
