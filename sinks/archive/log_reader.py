"""Kafka as the archive reads it: every partition, from the offset that the archive wants, never by group.

What decides where to go on is the archive's own chain. Kafka is only told how far it is, so that the lag can
be seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import structlog
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from schemas.kafka_asking import FETCH_WAIT_MS, log_bounds
from sinks.archive.errors import ArchiveUnavailable
from sinks.archive.names import Place
from sinks.archive.record import ArchivedMessage, Header
from sinks.consuming import consumer_settings

log = structlog.get_logger(__name__)
_TIMEOUT_S = 5.0
_QUEUED_KB = 32 * 1024
_WARNINGS = 4  # syslog's
_LARGEST_FETCH = 100 * 1024 * 1024


class LogReader:
    """One thread."""

    def __init__(
        self, bootstrap: str, group_id: str, *, tells_ends: bool = False, queued_kb: int = _QUEUED_KB
    ) -> None:
        """Does not connect yet. `tells_ends`: it reads to where partitions end, and `take_ended` tells that.
        `queued_kb`: memory for what was fetched ahead.
        """
        self._bootstrap = bootstrap
        settings = consumer_settings(bootstrap, group_id, None)
        settings |= {
            # An offset that Kafka no longer has is an error, never a silent jump.
            "auto.offset.reset": "error",
            "queued.max.messages.kbytes": queued_kb,
            "fetch.queue.backoff.ms": 10,  # not a second, where the queue was full
            "enable.partition.eof": tells_ends,
            "fetch.message.max.bytes": 4 * 1024 * 1024,
            "fetch.max.bytes": _LARGEST_FETCH,
        }
        if tells_ends:
            settings |= {"fetch.wait.max.ms": FETCH_WAIT_MS}
        self._consumer = Consumer(settings)
        self._gone: set[Place] = set()
        self._ended: set[Place] = set()

    def topic_ids(self, topics: Sequence[str]) -> Mapping[str, str]:
        """Kafka's id of each topic. Raises ArchiveUnavailable where one is missing or Kafka does not
        answer.
        """
        admin = AdminClient({"bootstrap.servers": self._bootstrap, "log_level": _WARNINGS})
        try:
            asked = admin.describe_topics(TopicCollection(list(topics)), request_timeout=_TIMEOUT_S)
            return {name: str(answer.result().topic_id) for name, answer in asked.items()}
        except KafkaException as error:
            raise ArchiveUnavailable(f"Kafka topics: {error.args[0].str()}") from error

    def places(self, topics: Sequence[str]) -> list[Place]:
        """Every partition of the topics. Raises ArchiveUnavailable."""
        try:
            known = self._consumer.list_topics(timeout=_TIMEOUT_S).topics
        except KafkaException as error:
            raise ArchiveUnavailable(f"Kafka: {error.args[0].str()}") from error
        return [Place(topic, number) for topic in topics for number in sorted(known[topic].partitions)]

    def bounds(self, place: Place) -> tuple[int, int]:
        """The first offset that Kafka has, and the one that it will give next. Raises ArchiveUnavailable."""
        try:
            return log_bounds(self._consumer, TopicPartition(*place), _TIMEOUT_S)
        except KafkaException as error:
            raise ArchiveUnavailable(f"Kafka: {error.args[0].str()}") from error

    def read_from(self, offsets: Mapping[Place, int]) -> None:
        """From now on read exactly these partitions, each from its offset."""
        self._gone.clear()
        self._ended.clear()
        self._consumer.assign([TopicPartition(*place, offset) for place, offset in sorted(offsets.items())])

    def take(self, most: int, timeout_s: float) -> list[tuple[Place, ArchivedMessage]]:
        """What came; nothing after `timeout_s`. Raises ArchiveUnavailable on a fatal error."""
        found = []
        for polled in self._consumer.consume(most, timeout_s):
            error, topic, partition = polled.error(), polled.topic(), polled.partition()
            if error is not None:
                self._note(error, topic, partition)
            elif topic is not None and partition is not None:
                found.append((Place(topic, partition), archived(polled)))
        return found

    def take_gone(self) -> set[Place]:
        """Partitions, told of once, in which Kafka no longer has the offset that is wanted."""
        gone, self._gone = self._gone, set()
        return gone

    def take_ended(self) -> set[Place]:
        """Partitions, told of once, that were read up to where they end for now."""
        ended, self._ended = self._ended, set()
        return ended

    def commit(self, offsets: Iterable[tuple[Place, int]]) -> None:
        """Say how far the archive is. Where Kafka does not take it, the next time tells it."""
        told = [TopicPartition(*place, offset) for place, offset in offsets]
        try:
            if told:
                self._consumer.commit(offsets=told, asynchronous=False)
        except KafkaException as error:
            log.warning("commit_failed", error=error.args[0].name())

    def close(self) -> None:
        """Let go of the connections."""
        self._consumer.close()

    def _note(self, error: KafkaError, topic: str | None, partition: int | None) -> None:
        if error.fatal():
            raise ArchiveUnavailable(f"Kafka: {error.str()}")
        if error.code() in _OUT_OF_RANGE and topic is not None and partition is not None:
            self._gone.add(Place(topic, partition))
        elif error.code() == _END and topic is not None and partition is not None:
            self._ended.add(Place(topic, partition))
        else:
            log.warning("kafka_error", error=error.name(), topic=topic)


def archived(message: Message) -> ArchivedMessage:
    """What Kafka delivered, as the archive keeps it."""
    kind, timestamp_ms = message.timestamp()
    headers = cast("tuple[Header, ...]", tuple(message.headers() or ()))
    offset = cast("int", message.offset())  # it has one, for it is no error
    return ArchivedMessage(offset, timestamp_ms if kind else -1, message.key(), message.value(), headers)


_END = KafkaError._PARTITION_EOF  # noqa: SLF001 - the library's own public name
_OUT_OF_RANGE = frozenset({KafkaError._AUTO_OFFSET_RESET, KafkaError.OFFSET_OUT_OF_RANGE})  # noqa: SLF001 - librdkafka's own codes begin so
