"""Every message of every topic, as Kafka gives it: decompressed, with key and headers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka import Message as KafkaMessage

from processors.state_codec import decode_state
from runtime.erasing.search import PartSearch, Seen
from runtime.topic_records import TopicUnreadable
from schemas.kafka_asking import QUIET, TELLS_ENDS, asking_settings, log_bounds, messages_before
from schemas.topics import DEADLETTER_RECORD_BYTES, FOLD_CHANGELOG
from sinks.archive.verification import Tell

_TIMEOUT_S = 10.0
_TOLD_EVERY = 1000


def search_kafka(bootstrap: str, search: PartSearch, tell: Tell) -> dict[str, Seen]:
    """By topic what was found. Raises TopicUnreadable."""
    settings = asking_settings(bootstrap, "radstream-search") | QUIET | TELLS_ENDS
    settings["queued.max.messages.kbytes"] = 2 * DEADLETTER_RECORD_BYTES // 1024
    found: dict[str, Seen] = {}
    with closing(Consumer(settings)) as consumer:
        try:
            for place in _places(consumer):
                seen = found.setdefault(place.topic, Seen())
                for message in _messages(consumer, place, tell):
                    where = f"{place.topic}/{place.partition}/{message.offset()}"
                    search.look(_bytes_of(message), seen, where)
                    if place.topic == FOLD_CHANGELOG:
                        _look_into_state(search, message.value(), seen, where)
        except KafkaException as error:
            raise TopicUnreadable(f"Kafka: {error.args[0].str()}") from error
    return found


def _look_into_state(search: PartSearch, value: bytes | None, seen: Seen, where: str) -> None:
    """A state writes subject and generation of a key apart."""
    if value is None or not any(subject.encode() in value for subject in search.subjects):
        return
    for known in decode_state(bytes(value)).phi.values():
        if known.patient_key in search.subjects:
            search.judge(known.sealed.key_id, 1, seen, where)


def _places(consumer: Consumer) -> list[TopicPartition]:
    topics = consumer.list_topics(timeout=_TIMEOUT_S).topics.items()
    return [
        TopicPartition(name, partition)
        for name, topic in sorted(topics)
        if not name.startswith("__")
        for partition in sorted(topic.partitions)
    ]


def _messages(consumer: Consumer, place: TopicPartition, tell: Tell) -> Iterator[KafkaMessage]:
    low, high = log_bounds(consumer, place, _TIMEOUT_S)
    place.offset = low
    for message in messages_before(consumer, place, high, _TIMEOUT_S):
        done = (message.offset() or 0) + 1 - low
        if done % _TOLD_EVERY == 0:
            tell(f"Kafka {place.topic}", done, high - low)
        yield message


def _bytes_of(message: KafkaMessage) -> bytes:
    headers = message.headers() or []
    values = [header[1] for header in headers if isinstance(header[1], bytes)]
    return b"\n".join([bytes(message.key() or b""), bytes(message.value() or b""), *values])
