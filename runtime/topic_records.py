"""A topic read from its beginning to where it ends now, for commands that show what stands in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.codec import Codec, Record
from schemas.errors import DecodeError
from schemas.kafka_asking import QUIET, TELLS_ENDS, asking_settings, log_bounds, messages_before

_TIMEOUT_S = 10.0


class TopicUnreadable(Exception):
    """Kafka does not give what stands in the topic; the message says why."""


def topic_records(bootstrap: str, codec: Codec, topic: str) -> Iterator[tuple[bytes, Record | None]]:
    """Key and record of every message, each partition in its order; None where the key was taken out.

    What a newer version of us wrote is left out. Raises TopicUnreadable.
    """
    settings = asking_settings(bootstrap, "radstream-show") | QUIET | TELLS_ENDS
    with closing(Consumer(settings)) as consumer:
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
    place.offset, high = log_bounds(consumer, place, _TIMEOUT_S)
    for message in messages_before(consumer, place, high, _TIMEOUT_S):
        value = message.value()
        try:
            yield bytes(message.key() or b""), None if value is None else codec.decode(bytes(value))
        except DecodeError:
            continue
