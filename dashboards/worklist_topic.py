"""How the compacted topics are read, and what its messages say."""

from __future__ import annotations

import uuid
from typing import Any

import structlog
from confluent_kafka import Consumer, Message

from dashboards.live import AlertChange, ChangeOf, DueChange, PredictionChange, RowChange
from schemas.codec import Codec, Record
from schemas.errors import DecodeError
from schemas.topics import WORKLIST
from schemas.views import AlertRow, DueRow, PredictionRow, WorklistRow

log = structlog.get_logger("dashboard")

_PROBE_TIMEOUT_S = 2.0


class FeedInterrupted(Exception):
    """The topic has to be read again from its beginning; the message says why."""


def consumer_settings(bootstrap: str) -> dict[str, Any]:
    """A consumer that reads for itself alone: no group, no commits, the end of a partition told."""
    return {
        "bootstrap.servers": bootstrap,
        # The client insists on a name; nothing is ever committed under it.
        "group.id": f"radstream.dashboard.{uuid.uuid4()}",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        # An offset that is gone means another topic under the old name: start over, never skip.
        "auto.offset.reset": "error",
        "allow.auto.create.topics": False,
        "reconnect.backoff.max.ms": 2_000,
        "log_level": 2,
    }


def partitions_of(consumer: Consumer, name: str = WORKLIST) -> list[int]:
    """The topic's partitions, asked of Kafka. Raises FeedInterrupted or KafkaException."""
    topic = consumer.list_topics(name, timeout=_PROBE_TIMEOUT_S).topics.get(name)
    if topic is None or topic.error is not None or not topic.partitions:
        raise FeedInterrupted(f"Kafka has no topic {name} yet: it is created when the pipeline starts")
    return sorted(topic.partitions)


def row_change(message: Message, codec: Codec) -> RowChange | None:
    """What a message of the worklist says; None, and an error in the log, where it is no row."""
    row = _row(message, codec)
    if row is None:
        return _taken_out(message)
    return RowChange(row.exam_id, row) if isinstance(row, WorklistRow) else None


def alert_change(message: Message, codec: Codec) -> AlertChange | None:
    """What a message of the alerts says; None, and an error in the log, where it is no row."""
    row = _row(message, codec)
    if row is None:
        return _taken_out(message)
    return AlertChange(row.alert_id, row) if isinstance(row, AlertRow) else None


def due_change(message: Message, codec: Codec) -> DueChange | None:
    """What a message says is due next; None, and an error in the log, where it is no row."""
    row = _row(message, codec)
    if row is None:
        return _taken_out(message)
    return DueChange(row.exam_id, row) if isinstance(row, DueRow) else None


def prediction_change(message: Message, codec: Codec) -> PredictionChange | None:
    """What a message forecasts of a milestone; None, and an error in the log, where it is no row."""
    row = _row(message, codec)
    if row is None:
        return _taken_out(message)
    return PredictionChange(row.prediction_id, row) if isinstance(row, PredictionRow) else None


def _row(message: Message, codec: Codec) -> Record | None:
    value = message.value()
    if value is None:
        return None
    try:
        return codec.decode(bytes(value))
    except DecodeError as error:
        where = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
        log.error("row_unreadable", reason=str(error), **where)
        return None


def _taken_out(message: Message) -> ChangeOf[Any] | None:
    """The change of a message without a value; None where it has one, that could not be read."""
    key = message.key()
    if key is None or message.value() is not None:
        return None
    return ChangeOf(bytes(key).decode(errors="replace"), None)
