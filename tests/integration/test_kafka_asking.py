"""Partitions are read to their ends though not every offset holds a message."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from schemas.kafka_asking import TELLS_ENDS, asking_settings, log_bounds, messages_before
from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack

TOPIC = "asked-with-gaps"
_PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def reading(stack: RunningStack) -> Iterator[Consumer]:
    """Of a topic with three messages, the marker of their transaction, one message and another marker."""
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    admin.create_topics([NewTopic(TOPIC, 1, 1)])[TOPIC].result(_PATIENCE_S)
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "transactional.id": TOPIC})
    producer.init_transactions(_PATIENCE_S)
    for values in ("abc", "d"):
        producer.begin_transaction()
        for value in values:
            producer.produce(TOPIC, value.encode(), partition=0)
        producer.commit_transaction(_PATIENCE_S)
    with closing(Consumer(asking_settings(stack.kafka_bootstrap, "tests") | TELLS_ENDS)) as consumer:
        yield consumer


@pytest.mark.parametrize(
    ("begin", "end", "values"),
    [(0, 6, "abcd"), (0, 4, "abc"), (0, 2, "ab"), (3, 6, "d"), (3, 4, ""), (5, 6, ""), (2, 2, "")],
)
def test_a_gap_is_neither_waited_for_nor_taken_for_the_end(
    reading: Consumer, begin: int, end: int, values: str
) -> None:
    place = TopicPartition(TOPIC, 0)
    assert log_bounds(reading, place, _PATIENCE_S) == (0, 6)
    found = messages_before(reading, TopicPartition(TOPIC, 0, begin), end, _PATIENCE_S)
    assert b"".join(message.value() or b"" for message in found).decode() == values
