"""What stands in topics, for tests that look again and again while something is being said."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from schemas.codec import Codec, Record
from schemas.kafka_asking import asking_settings, log_bounds

_PATIENCE_S = 30.0


class LogSeen:
    """Each look reads on to where the topics end by then: what was written before it is never missed."""

    def __init__(self, reading: Consumer, codec: Codec, topics: tuple[str, ...]) -> None:
        self._reading = reading
        self._codec = codec
        self._next = {
            (topic, number): 0
            for topic in topics
            for number in reading.list_topics(topic, _PATIENCE_S).topics[topic].partitions
        }
        self._seen: list[Record] = []
        reading.assign([TopicPartition(*place, 0) for place in self._next])

    def said(self, *kinds: type[Any]) -> list[Any]:
        """The records of these kinds, each partition in its order."""
        ends = {
            place: log_bounds(self._reading, TopicPartition(*place), _PATIENCE_S)[1] for place in self._next
        }
        until_s = time.monotonic() + _PATIENCE_S
        while any(self._next[place] < end for place, end in ends.items()):
            assert time.monotonic() < until_s, f"Kafka gives no message that it has: {self._next}, {ends}"
            for message in self._reading.consume(500, 0.05):
                assert message.error() is None, message.error()
                self._next[str(message.topic()), message.partition() or 0] = (message.offset() or 0) + 1
                self._seen.append(self._codec.decode(message.value() or b""))
        return [record for record in self._seen if isinstance(record, kinds)]


@contextmanager
def log_seen(bootstrap: str, codec: Codec, *topics: str) -> Iterator[LogSeen]:
    """The topics from their beginning; they have to be there."""
    with closing(Consumer(asking_settings(bootstrap, "tests") | {"log_level": 2})) as reading:
        yield LogSeen(reading, codec, topics)
