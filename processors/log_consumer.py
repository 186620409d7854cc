"""Faust's consumer, which hands the event log to the fold by whole fetches and commits what the fold says.

Stock Faust takes each message through five layers of calls, and marks each as acknowledged; that costs more
than folding it. Changelogs go Faust's way: recovery is its own. ADR 14 has what this leans on.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from time import monotonic
from typing import Any, ClassVar

from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP

from processors.intake import Fetched, Intake


class LogConsumer(Consumer):
    """Fetches of the transport's `source` go to its `intake`; their offsets are committed when folded."""

    transport: LogTransport

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._folded: dict[TP, int] = {}
        super().__init__(*args, **kwargs)

    def folded(self, partition: int, next_offset: int) -> None:
        """Everything before `next_offset` is folded and in Kafka: commit it with the next commit."""
        self._folded[TP(self.transport.source, partition)] = next_offset

    async def _getmany(
        self,
        active_partitions: set[TP] | None,
        timeout: float,  # noqa: ASYNC109 - Faust's name
    ) -> dict[TP, Any]:
        rebalances = self.app.rebalancing_count
        if not await self.transport.intake.wait_for_room(timeout):
            return {}
        records = dict(await super()._getmany(active_partitions, timeout))
        if not self.flow_active:
            return records  # the caller drops them, and goes back to what was committed
        ours = [tp for tp in records if records[tp] and tp.topic == self.transport.source]
        taken = {tp: records.pop(tp) for tp in ours}
        if self.app.rebalancing_count == rebalances:
            for tp, some in taken.items():
                self._take_in(rebalances, tp, some)
        elif taken and not self.app.rebalancing:
            # Whether this was fetched before or after Faust went back to what was committed, nobody knows.
            await self.perform_seek()
        return records

    def _take_in(self, rebalances: int, tp: TP, records: list[Any]) -> None:
        self.transport.intake.put(Fetched(rebalances, tp.partition, records))
        self._read_offset[tp] = records[-1].offset
        # Faust's own monitor warns of a stream that stands still.
        self.app.monitor.stream_inbound_time[tp] = monotonic()

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        yield from super()._filter_tps_with_pending_acks(topics)
        yield from (tp for tp in list(self._folded) if topics is None or tp in topics or tp.topic in topics)

    def _new_offset(self, tp: TP) -> int | None:
        if tp.topic == self.transport.source:
            return self._folded.get(tp)
        offset: int | None = super()._new_offset(tp)
        return offset

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Give them up when the last of our writes is in Kafka; commit nothing more of the old assignment."""
        await super().on_partitions_revoked(revoked)
        await self.transport.settle()
        self._folded.clear()


class LogTransport(Transport):
    """Makes the consumer above. These are set before the app starts:

    intake; source: the log's topic; settle: awaited before partitions are given up.
    """

    Consumer: ClassVar[type[LogConsumer]] = LogConsumer
    intake: Intake
    source: str
    settle: Callable[[], Awaitable[None]]
