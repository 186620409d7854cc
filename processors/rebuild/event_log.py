"""The event log as a rebuild reads it: Kafka's topic, or the history where Kafka lost the beginning."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from confluent_kafka import Message

from processors.fold import LogMessage, LogRecord
from processors.rebuild.spans import SpanReader
from schemas.topics import EVENTS


class EventLog(Protocol):
    """The log by partitions and offsets. What it raises is a RebuildFailed."""

    def partitions(self) -> list[int]:
        """The numbers of the partitions."""

    def ends(self, partition: int, /) -> tuple[int, int]:
        """The first offset that is there, and the next one that will be written."""

    def read(self, partition: int, start: int, end: int, /) -> Iterator[Sequence[LogRecord]]:
        """The messages from offset `start` to before `end`, in their order, in batches."""


class KafkaEventLog:
    """The log as Kafka has it. One partition is read at a time."""

    def __init__(self, reader: SpanReader) -> None:
        self._reader = reader

    def partitions(self) -> list[int]:
        """Raises TopicGone."""
        return self._reader.partitions(EVENTS)

    def ends(self, partition: int) -> tuple[int, int]:
        """Raises TopicGone."""
        return self._reader.ends(EVENTS, partition)

    def read(self, partition: int, start: int, end: int) -> Iterator[Sequence[LogRecord]]:
        """Raises TopicGone."""
        for messages in self._reader.read(EVENTS, partition, start, end):
            if messages:
                yield [_log_message(message) for message in messages]


def _log_message(message: Message) -> LogMessage:
    key, value = message.key(), message.value()
    return LogMessage(
        int(message.partition() or 0),
        int(message.offset() or 0),
        None if key is None else bytes(key),
        None if value is None else bytes(value),
    )
