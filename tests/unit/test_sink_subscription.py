"""Taking from Kafka: whatever a rebalance does meanwhile, only what is ours is taken, and all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import pytest
from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_INVALID,
    Consumer,
    KafkaError,
    KafkaException,
    TopicPartition,
)
from confluent_kafka import Message as KafkaMessage

from sinks.clickhouse.errors import Unavailable
from sinks.clickhouse.messages import Message
from sinks.clickhouse.subscription import Subscription

_TOPIC = "t"
_MUCH = 1 << 30


class ScriptedConsumer:
    """`consume` gives what the next script gives, `poll` the first message of the log, once."""

    def __init__(self, committed: dict[int, int] | None = None) -> None:
        self.first: KafkaMessage | None = None
        self.scripts: list[Callable[[], Sequence[KafkaMessage]]] = []
        self.asked: list[int] = []
        self.sought: list[tuple[int, int]] = []
        self.is_silent = False
        self._committed = committed or {}
        self.assign: Callable[[Sequence[int]], None] = lambda _partitions: None
        self.revoke: Callable[[Sequence[int]], None] = lambda _partitions: None

    def subscribe(self, _topics: Sequence[str], *, on_assign: Any, on_revoke: Any, on_lost: Any) -> None:
        """Rebalances happen where a script says so."""
        assert on_revoke == on_lost
        self.assign = lambda partitions: on_assign(self, _places(partitions))
        self.revoke = lambda partitions: on_revoke(self, _places(partitions))

    def poll(self, _timeout_s: float) -> KafkaMessage | None:
        """The first, once."""
        first, self.first = self.first, None
        return first

    def consume(self, most: int, timeout_s: float) -> Sequence[KafkaMessage]:
        """What the next script gives."""
        assert timeout_s == 0
        self.asked.append(most)
        return self.scripts.pop(0)() if self.scripts else []

    def committed(self, places: Sequence[TopicPartition], timeout: float) -> Sequence[TopicPartition]:
        """As the test says."""
        assert timeout > 0
        if self.is_silent:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        offsets = ((place, self._committed.get(place.partition, OFFSET_INVALID)) for place in places)
        return [TopicPartition(place.topic, place.partition, offset) for place, offset in offsets]

    def seek(self, place: TopicPartition) -> None:
        """Remember it."""
        self.sought.append((place.partition, place.offset))


def _places(partitions: Sequence[int]) -> list[TopicPartition]:
    return [TopicPartition(_TOPIC, partition) for partition in partitions]


def _fetched(partition: int, *offsets: int, topic: str = _TOPIC) -> list[KafkaMessage]:
    return [
        KafkaMessage(topic=topic, partition=partition, offset=offset, key=b"k", value=b"x")
        for offset in offsets
    ]


def _opened(consumer: ScriptedConsumer, *owned: int) -> Subscription:
    subscription = Subscription(cast("Consumer", consumer), [_TOPIC, "other"])
    consumer.assign(owned)
    consumer.first = _fetched(owned[0], 1)[0]
    return subscription


def _taken(subscription: Subscription, most: int = 1000, most_bytes: int = _MUCH) -> list[Message]:
    return [one for messages in subscription.take(most, most_bytes, 0.1) for one in messages]


def _at(messages: Sequence[Message]) -> list[tuple[int, int]]:
    return [(message.partition, message.offset) for message in messages]


def test_what_is_there_is_taken_with_its_place_key_and_value() -> None:
    consumer = ScriptedConsumer()
    subscription = _opened(consumer, 0)
    consumer.scripts = [lambda: [*_fetched(0, 2), *_fetched(3, 7, topic="other")], lambda: _fetched(0, 3)]
    assert _taken(subscription) == [
        Message(_TOPIC, 0, 1, b"x", b"k"),
        Message(_TOPIC, 0, 2, b"x", b"k"),
        Message("other", 3, 7, b"x", b"k"),
        Message(_TOPIC, 0, 3, b"x", b"k"),
    ]


def test_no_more_is_taken_than_was_asked_for_in_messages_or_bytes() -> None:
    consumer = ScriptedConsumer()
    subscription = _opened(consumer, 0)
    consumer.scripts = [lambda: _fetched(0, 2, 3), lambda: _fetched(0, 4)]
    assert len(_taken(subscription, most=3)) == 3
    assert consumer.asked == [2]
    consumer.first = _fetched(0, 5)[0]
    assert len(_taken(subscription, most_bytes=1)) == 1
    assert consumer.asked == [2]


def test_a_partition_that_goes_while_messages_are_taken_leaves_none_of_them_behind() -> None:
    consumer = ScriptedConsumer()
    subscription = _opened(consumer, 0, 1)

    def loses() -> Sequence[KafkaMessage]:
        fetched_before = [*_fetched(1, 5), *_fetched(0, 3)]
        consumer.revoke([0])
        return fetched_before

    consumer.scripts = [lambda: [*_fetched(0, 2), *_fetched(1, 4)], loses]
    assert _at(_taken(subscription)) == [(1, 4), (1, 5)]
    assert consumer.sought == []


@pytest.mark.parametrize(("committed", "begin"), [({0: 1}, 1), ({}, OFFSET_BEGINNING)])
def test_a_partition_that_goes_and_comes_back_in_one_call_is_read_from_what_is_committed(
    committed: dict[int, int], begin: int
) -> None:
    consumer = ScriptedConsumer(committed)
    subscription = _opened(consumer, 0, 1)

    def loses_and_gets() -> Sequence[KafkaMessage]:
        fetched_before = [*_fetched(0, 3, 4), *_fetched(1, 5)]
        consumer.revoke([0])
        consumer.assign([0])
        return fetched_before

    consumer.scripts = [lambda: _fetched(0, 2), loses_and_gets]
    assert _at(_taken(subscription)) == [(1, 5)]
    assert consumer.sought == [(0, begin)]
    assert subscription.owned == {(_TOPIC, 0), (_TOPIC, 1)}


def test_where_kafka_does_not_say_what_is_committed_the_sink_begins_anew() -> None:
    consumer = ScriptedConsumer()
    consumer.is_silent = True
    subscription = _opened(consumer, 0)

    def loses_and_gets() -> Sequence[KafkaMessage]:
        consumer.revoke([0])
        consumer.assign([0])
        return _fetched(0, 2)

    consumer.scripts = [loses_and_gets]
    with pytest.raises(Unavailable):
        subscription.take(10, _MUCH, 0.1)
