"""Waiting until a consumer group has committed, without being a member of it or asking its store."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

# How often Kafka is asked.
_LOOK_EVERY_S = 0.05
_LOOK_TIMEOUT_S = 10.0


class Group:
    """A consumer group and a topic, as Kafka's coordinator knows them."""

    def __init__(self, consumer: Consumer, topic: str) -> None:
        self._consumer = consumer
        partitions = consumer.list_topics(topic, timeout=_LOOK_TIMEOUT_S).topics[topic].partitions
        self._places = [TopicPartition(topic, partition) for partition in partitions]

    def awaited(self, count: int, timeout_s: float) -> int:
        """How many messages are committed once at least `count` are. Raises RuntimeError."""
        end_s = time.monotonic() + timeout_s
        while (done := self._committed()) < count:
            if time.monotonic() > end_s:
                raise RuntimeError(f"{done} of {count} messages after {timeout_s:.0f} s")
            time.sleep(_LOOK_EVERY_S)
        return done

    def _committed(self) -> int:
        try:
            places = self._consumer.committed(self._places, timeout=_LOOK_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].retriable() or error.args[0].code() == KafkaError.NOT_COORDINATOR:
                return 0  # a group that is new has no coordinator yet
            raise
        return sum(max(place.offset, 0) for place in places)


@contextmanager
def group(bootstrap: str, group_id: str, topic: str) -> Iterator[Group]:
    """What the group has committed of a topic that begins at its first message."""
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": group_id})
    try:
        yield Group(consumer, topic)
    finally:
        consumer.close()
