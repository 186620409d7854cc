"""Watches the fold from outside of Faust: a consumer that silently stopped must not look alive.

Faust's consumer has been seen to stop fetching, or to stop committing behind a gap of acknowledgements,
without an error. The committed offsets and the log's ends, asked of Kafka by another client, do not lie.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition

log = structlog.get_logger("fold")
Offsets = Mapping[int, int]
_ASK_TIMEOUT_S = 5.0


@dataclass(slots=True)
class Progress:
    """Pure part: whether offsets that ought to move have stood still for too long."""

    stalled_after_s: float
    committed: Offsets | None = None
    since_s: float = 0.0

    def stalled(self, committed: Offsets, ends: Offsets, at_s: float) -> bool:
        """Record what was seen at monotonic time `at_s`; True when nothing moved though there is lag."""
        lagging = any(committed.get(partition, 0) < end for partition, end in ends.items())
        if not lagging or committed != self.committed:
            self.committed = dict(committed)
            self.since_s = at_s
            return False
        return at_s - self.since_s > self.stalled_after_s


def start_watchdog(
    bootstrap: str, group: str, topic: str, stalled_after_s: float, on_stall: Callable[[], None]
) -> threading.Thread:
    """Watch `group` on `topic` from a daemon thread; call `on_stall` once when it stands still."""
    thread = threading.Thread(
        target=_watch, args=(bootstrap, group, topic, Progress(stalled_after_s), on_stall), daemon=True
    )
    thread.start()
    return thread


def _watch(bootstrap: str, group: str, topic: str, progress: Progress, on_stall: Callable[[], None]) -> None:
    asking = Consumer({"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False})
    while True:
        time.sleep(progress.stalled_after_s / 6)
        try:
            committed, ends = _offsets(asking, topic)
        except KafkaException:
            # Kafka itself is away: not the fold's fault, and not to be counted against it.
            progress.committed = None
            continue
        if progress.stalled(committed, ends, time.monotonic()):
            log.critical("fold_stalled", committed=dict(committed), ends=dict(ends))
            on_stall()
            return


def _offsets(asking: Consumer, topic: str) -> tuple[Offsets, Offsets]:
    partitions = asking.list_topics(topic, _ASK_TIMEOUT_S).topics[topic].partitions
    places = [TopicPartition(topic, partition) for partition in partitions]
    committed = {p.partition: max(p.offset, 0) for p in asking.committed(places, _ASK_TIMEOUT_S)}
    ends = {p.partition: asking.get_watermark_offsets(p, _ASK_TIMEOUT_S)[1] for p in places}
    return committed, ends
