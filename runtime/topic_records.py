"""A topic read from its beginning to where it ends now, for commands that show what stands in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.codec import Codec, Record
from schemas.errors import DecodeError
from schemas.kafka_asking import QUIET, asking_settings, log_bounds

_TIMEOUT_S = 10.0


class TopicUnreadable(Exception):
    """Kafka does not give what stands in the topic; the message says why."""


def topic_records(bootstrap: str, codec: Codec, topic: str) -> Iterator[tuple[bytes, Record | None]]:
    """Key and record of every message, each partition in its order; None where the key was taken out.

    What a newer version of us wrote is left out. Raises TopicUnreadable.
    """
    with closing(Consumer(asking_settings(bootstrap, "radstream-show") | QUIET)) as consumer:
        try:
            found = consumer.list_topics(topic, _TIMEOUT_S).topics[topic]
            if found.error is not None:
                raise TopicUnreadable(f"Kafka has no topic {topic}: `radstream init` makes it")
            for number in sorted(found.partitions):
                yield from _partition(consumer, codec, TopicPartition(topic, number))
        except KafkaException as error:
            raise TopicUnreadable(f"Kafka: {error.args[0].str()}") from error


def _partition(
    consumer: Consumer, codec: Codec, place: TopicPartition
) -> Iterator[tuple[bytes, Record | None]]:
    low, high = log_bounds(consumer, place, _TIMEOUT_S)
    place.offset = low
    consumer.assign([place])
    # Compaction leaves gaps, at the end as well: the position tells, not the count.
    while consumer.position([place])[0].offset < high and low < high:
        message = consumer.poll(_TIMEOUT_S)
        if message is None:
            raise TopicUnreadable("Kafka gives no message that it has")
        error = message.error()
        if error is not None:
            raise TopicUnreadable(f"Kafka: {error.str()}")
        value = message.value()
        try:
            yield bytes(message.key() or b""), None if value is None else codec.decode(bytes(value))
        except DecodeError:
            continue
