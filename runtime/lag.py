"""How far the consumers of the log are behind."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from processors.alerts.reading import GROUP_ID as ALERTS_GROUP
from processors.config import APP_ID
from processors.predictions.groups import GROUP_ID as PREDICTIONS_GROUP
from processors.reconciler.config import CONSUMED_TOPICS, GROUP_ID
from schemas.kafka_asking import asking_settings, log_bounds
from schemas.topics import ARCHIVED, DEADLETTERS, EVENTS, INSTANCES, PREDICTIONS, TURNAROUND, WORKLIST

_TIMEOUT_S = 5.0
_READ_S = 3.0
SINK_GROUP = "radstream-clickhouse"
ARCHIVE_GROUP = "radstream-archive"
CONSUMED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "fold": (APP_ID, (EVENTS,)),
    "reconciler": (GROUP_ID, CONSUMED_TOPICS),
    "alerts": (ALERTS_GROUP, (WORKLIST, PREDICTIONS)),
    "predictions": (PREDICTIONS_GROUP, (WORKLIST,)),
    "sink": (SINK_GROUP, (EVENTS, INSTANCES, WORKLIST, TURNAROUND, DEADLETTERS)),
    "archive": (ARCHIVE_GROUP, ARCHIVED),
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a group is in one partition; committed: None where it never said."""

    topic: str
    partition: int
    committed: int | None
    low: int
    end: int

    @property
    def next_offset(self) -> int:
        """Where the group goes on."""
        return self.low if self.committed is None else max(self.committed, self.low)

    @property
    def lag(self) -> int:
        """Messages that it has yet to process."""
        return max(0, self.end - self.next_offset)


@dataclass(frozen=True, slots=True)
class Watermarks:
    """End offsets by topic and partition."""

    ends: Mapping[tuple[str, int], int]

    def total(self, *topics: str) -> int:
        """Messages ever written to `topics`."""
        return sum(end for (topic, _), end in self.ends.items() if topic in topics)


def read_watermarks(bootstrap: str, topics: tuple[str, ...]) -> Watermarks:
    """The log's ends now. Raises KafkaException."""
    asking = _consumer(bootstrap, "radstream-status")
    try:
        return Watermarks(
            {
                (place.topic, place.partition): log_bounds(asking, place, _TIMEOUT_S)[1]
                for place in _places(asking, topics)
            }
        )
    finally:
        asking.close()


def read_lag(bootstrap: str, role: str) -> int | None:
    """Messages that `role` has yet to process; None where Kafka does not say."""
    return read_group_lag(bootstrap, *CONSUMED[role])


def read_group_lag(bootstrap: str, group: str, topics: tuple[str, ...]) -> int | None:
    """Messages of `topics` that the group has yet to process; None where Kafka does not say."""
    try:
        return sum(progress.lag for progress in read_progress(bootstrap, group, topics))
    except KafkaException:
        return None


def read_progress(bootstrap: str, group: str, topics: tuple[str, ...]) -> list[Progress]:
    """How far the group is, by partition. Raises KafkaException."""
    asking = _consumer(bootstrap, group)
    try:
        found = []
        for place in asking.committed(_places(asking, topics), _TIMEOUT_S):
            low, high = log_bounds(asking, place, _TIMEOUT_S)
            committed = place.offset if place.offset >= 0 else None
            found.append(Progress(place.topic, place.partition, committed, low, high))
        return found
    finally:
        asking.close()


def read_waiting_s(bootstrap: str, lagging: Iterable[Progress]) -> dict[tuple[str, int], float]:
    """How long the oldest unprocessed message of each has waited in Kafka, seconds. Raises KafkaException."""
    places = [TopicPartition(one.topic, one.partition, one.next_offset) for one in lagging if one.lag]
    if not places:
        return {}
    reading = _consumer(bootstrap, "radstream-status")
    waiting: dict[tuple[str, int], float] = {}
    try:
        reading.assign(places)
        deadline = time.monotonic() + _READ_S
        while len(waiting) < len(places) and (left_s := deadline - time.monotonic()) > 0:
            message = reading.poll(left_s)
            if message is not None and message.error() is None:
                place = str(message.topic()), int(message.partition() or 0)
                waiting.setdefault(place, max(0.0, time.time() - message.timestamp()[1] / 1000))
        return waiting
    finally:
        reading.close()


def _places(asking: Consumer, topics: tuple[str, ...]) -> list[TopicPartition]:
    known = asking.list_topics(timeout=_TIMEOUT_S).topics
    return [
        TopicPartition(topic, partition)
        for topic in topics
        if topic in known
        for partition in known[topic].partitions
    ]


def _consumer(bootstrap: str, group: str) -> Consumer:
    quiet = logging.getLogger("radstream.lag")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    return Consumer(asking_settings(bootstrap, group), logger=quiet)
