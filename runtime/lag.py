"""How far the consumers of the log are behind."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from processors.config import APP_ID
from processors.reconciler.config import CONSUMED_TOPICS, GROUP_ID
from schemas.topics import DEADLETTERS, EVENTS, INSTANCES, TURNAROUND, WORKLIST

_TIMEOUT_S = 5.0
SINK_GROUP = "radstream-clickhouse"
CONSUMED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "fold": (APP_ID, (EVENTS,)),
    "reconciler": (GROUP_ID, CONSUMED_TOPICS),
    "sink": (SINK_GROUP, (EVENTS, INSTANCES, WORKLIST, TURNAROUND, DEADLETTERS)),
}


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
                (place.topic, place.partition): asking.get_watermark_offsets(place, _TIMEOUT_S)[1]
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
    asking = _consumer(bootstrap, group)
    try:
        lag = 0
        for place in asking.committed(_places(asking, topics), _TIMEOUT_S):
            low, high = asking.get_watermark_offsets(place, _TIMEOUT_S)
            lag += high - max(place.offset, low)
    except KafkaException:
        return None
    else:
        return lag
    finally:
        asking.close()


def _places(asking: Consumer, topics: tuple[str, ...]) -> list[TopicPartition]:
    known = asking.list_topics(timeout=_TIMEOUT_S).topics
    return [
        TopicPartition(topic, partition)
        for topic in topics
        if topic in known
        for partition in known[topic].partitions
    ]


def _consumer(bootstrap: str, group: str) -> Consumer:
    # Only asks: it never subscribes, so it never becomes a member of the group.
    quiet = logging.getLogger("radstream.lag")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    return Consumer(
        {"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False}, logger=quiet
    )
