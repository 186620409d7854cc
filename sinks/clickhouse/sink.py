"""The loop: take, batch, deliver, commit."""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog

from sinks.clickhouse.batch import Batch, Batcher
from sinks.clickhouse.config import BatchLimits
from sinks.clickhouse.delivery import Delivery
from sinks.clickhouse.errors import Unavailable
from sinks.clickhouse.metrics import SinkMetrics
from sinks.clickhouse.subscription import Subscription

log = structlog.get_logger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
_IDLE_WAIT_S = 0.1
_REPORT_EVERY_S = 10.0


class Sink:
    """Takes from `subscription` what `delivery` makes rows of. One thread."""

    def __init__(
        self,
        *,
        subscription: Subscription,
        delivery: Delivery,
        limits: BatchLimits,
        metrics: SinkMetrics,
        stopping: Callable[[], bool],
    ) -> None:
        self._subscription = subscription
        self._delivery = delivery
        self._batcher = Batcher(limits)
        self._limits = limits
        self._metrics = metrics
        self._stopping = stopping
        self._report_at_s = time.monotonic() + _REPORT_EVERY_S
        subscription.on_lost = self._batcher.drop

    def run(self) -> None:
        """Until `stopping`; then deliver what is held, trying once."""
        while not self._stopping():
            self._fill()
            for batch in self._batcher.take_due(time.monotonic()):
                self._settle(batch)
            self._subscription.commit_rest()
            self._report()
        for batch in self._batcher.take_all():
            self._settle(batch)

    def _fill(self) -> None:
        """Take messages until a batch is due; at most one batch's worth of rows."""
        until_due_s = self._batcher.wait_s(time.monotonic())
        wait_s = _IDLE_WAIT_S if until_due_s is None else min(until_due_s, _IDLE_WAIT_S)
        for _ in range(self._limits.rows):
            message = self._subscription.take(wait_s)
            if message is None:
                return
            # Taken is taken: whatever follows, a message that is not added here would be committed past.
            self._batcher.add(message, time.monotonic())
            if self._batcher.is_full(message.topic):
                return
            wait_s = 0.0

    def _settle(self, batch: Batch) -> None:
        """Deliver `batch`, however long it takes, then commit it; give up what others own by then."""
        pause_s = FIRST_PAUSE_S
        while remaining := self._still_ours(batch):
            batch = remaining
            try:
                self._delivery.deliver(batch)
            except Unavailable as error:
                self._metrics.errors += 1
                log.warning("delivery_failed", topic=batch.topic, error=str(error), again_in_s=pause_s)
                if not self._wait(pause_s):
                    return
                pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
            else:
                self._metrics.batches += 1
                self._subscription.commit(batch.topic, batch.next_offsets())
                return

    def _still_ours(self, batch: Batch) -> Batch | None:
        partitions = {message.partition for message in batch.messages}
        lost = {p for p in partitions if (batch.topic, p) not in self._subscription.owned}
        remaining = batch.without(lost) if lost else batch
        return remaining if remaining.messages else None

    def _wait(self, pause_s: float) -> bool:
        """Stay in the group for `pause_s`, taking nothing new; False once a stop was asked for."""
        self._subscription.pause()
        until_s = time.monotonic() + pause_s
        while not self._stopping() and (left_s := until_s - time.monotonic()) > 0:
            # A message that was on its way when we paused is ours to keep.
            if message := self._subscription.take(min(left_s, _IDLE_WAIT_S)):
                self._batcher.add(message, time.monotonic())
        self._subscription.resume()
        self._report()
        return not self._stopping()

    def _report(self) -> None:
        if time.monotonic() < self._report_at_s:
            return
        self._report_at_s = time.monotonic() + _REPORT_EVERY_S
        self._metrics.lag = self._subscription.lag()
        log.info("sink_progress", **self._metrics.snapshot())
