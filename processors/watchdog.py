"""Watches the fold from outside of Faust: a consumer that silently stopped must not look alive.

Faust's consumer has been seen to stop fetching, to wait for ever in a recovery, or to stop committing behind
a gap of acknowledgements, without an error. The committed offsets and the log's ends, asked of Kafka by
another client, do not lie. Each worker looks at the partitions that it has itself: one that stands still
ends, and the others go on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import structlog
from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.kafka_asking import asking_settings, log_bounds

log = structlog.get_logger("fold")
Offsets = Mapping[int, int]
_ASK_TIMEOUT_S = 5.0
_ASK_AGAIN_S = 0.3
# One that has nothing cannot tell a group that stands still from another worker's long recovery.
_PATIENCE_WITH_OTHERS = 4


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group on a topic."""

    bootstrap: str
    group_id: str
    topic: str


@dataclass(slots=True)
class Assigned:
    """What the worker has: set from Faust's loop, read from the watchdog's thread.

    recovered: how many changelog messages it has read in recoveries; what grows is no stall.
    """

    partitions: frozenset[int] = frozenset()
    recovered: Callable[[], int] = field(default=lambda: 0)


@dataclass(slots=True)
class Progress:
    """Pure part: whether what ought to move has stood still for too long."""

    stalled_after_s: float
    mark: object = None
    since_s: float = 0.0

    def stalled(self, mark: object, *, lags: bool, at_s: float) -> bool:
        """Record what was seen at monotonic time `at_s`; True when nothing moved though there is lag."""
        if not lags or mark != self.mark:
            self.mark = mark
            self.since_s = at_s
            return False
        return at_s - self.since_s > self.stalled_after_s


@dataclass(slots=True)
class Watch:
    """Pure part: a worker's own partitions, and the whole group while it has none."""

    stalled_after_s: float
    own: Progress = field(init=False)
    group: Progress = field(init=False)

    def __post_init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Begin anew."""
        self.own = Progress(self.stalled_after_s)
        self.group = Progress(_PATIENCE_WITH_OTHERS * self.stalled_after_s)

    def stalled(self, committed: Offsets, ends: Offsets, assigned: Assigned, at_s: float) -> bool:
        """As `Progress.stalled`."""
        mine, behind = assigned.partitions, {p for p, end in ends.items() if committed.get(p, 0) < end}
        mark = ({partition: committed.get(partition, 0) for partition in mine}, assigned.recovered())
        own = self.own.stalled(mark, lags=bool(behind & mine), at_s=at_s)
        group = self.group.stalled(dict(committed), lags=bool(behind) and not mine, at_s=at_s)
        return own or group


def await_log(bootstrap: str, topic: str) -> None:
    """Return once Kafka has the topic: who starts while Kafka is away would die until it is given up."""
    asking = AdminClient({"bootstrap.servers": bootstrap, "log_level": 0})
    waiting = False
    while not _has(asking, topic):
        if not waiting:
            log.warning("kafka_away", consequence="waits for it", topic=topic)
        waiting = True
        time.sleep(_ASK_AGAIN_S)


def _has(asking: AdminClient, topic: str) -> bool:
    try:
        found = asking.list_topics(topic, _ASK_TIMEOUT_S).topics.get(topic)
    except KafkaException:
        return False
    return found is not None and found.error is None


def start_watchdog(
    group: Group, assigned: Assigned, stalled_after_s: float, on_stall: Callable[[], None]
) -> threading.Thread:
    """Watch a worker of `group` from a daemon thread; call `on_stall` once when it stands still."""
    thread = threading.Thread(
        target=_watch, args=(group, assigned, Watch(stalled_after_s), on_stall), daemon=True
    )
    thread.start()
    return thread


def start_pause_guard(longest_s: float, on_pause: Callable[[float], None]) -> threading.Thread:
    """Call `on_pause` once this process was stopped, or its machine asleep, for longer than `longest_s`.

    Others have then taken over what it still holds to be its own, and what it has yet to send is old.
    """
    thread = threading.Thread(target=_guard, args=(longest_s, on_pause), daemon=True)
    thread.start()
    return thread


def _guard(longest_s: float, on_pause: Callable[[float], None]) -> None:
    # Linux's clock that goes on while the machine sleeps.
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    seen_s = time.clock_gettime(clock)
    while (gap_s := time.clock_gettime(clock) - seen_s) <= longest_s:
        seen_s += gap_s
        time.sleep(longest_s / 20)
    on_pause(gap_s)


def _watch(group: Group, assigned: Assigned, watch: Watch, on_stall: Callable[[], None]) -> None:
    asking = Consumer({**asking_settings(group.bootstrap, group.group_id), "log_level": 0})
    while True:
        time.sleep(watch.stalled_after_s / 6)
        try:
            committed, ends = _offsets(asking, group.topic)
        except KafkaException:
            # Kafka itself is away: not the fold's fault, and not to be counted against it.
            watch.forget()
            continue
        if watch.stalled(committed, ends, assigned, time.monotonic()):
            mine = sorted(assigned.partitions)
            log.critical("fold_stalled", mine=mine, committed=dict(committed), ends=dict(ends))
            on_stall()
            return


def _offsets(asking: Consumer, topic: str) -> tuple[Offsets, Offsets]:
    partitions = asking.list_topics(topic, _ASK_TIMEOUT_S).topics[topic].partitions
    places = [TopicPartition(topic, partition) for partition in partitions]
    committed = {p.partition: max(p.offset, 0) for p in asking.committed(places, _ASK_TIMEOUT_S)}
    ends = {p.partition: log_bounds(asking, p, _ASK_TIMEOUT_S)[1] for p in places}
    return committed, ends
