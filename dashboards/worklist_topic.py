"""How the worklist topic is read, and what its messages say."""

from __future__ import annotations

import uuid
from typing import Any

import structlog
from confluent_kafka import Consumer, Message

from dashboards.live import RowChange
from schemas.codec import Codec
from schemas.errors import DecodeError
from schemas.topics import WORKLIST
from schemas.views import WorklistRow

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
        "fetch.wait.max.ms": 100,
        "log_level": 2,
    }


def partitions_of(consumer: Consumer) -> list[int]:
    """The topic's partitions, asked of Kafka. Raises FeedInterrupted or KafkaException."""
    topic = consumer.list_topics(WORKLIST, timeout=_PROBE_TIMEOUT_S).topics.get(WORKLIST)
    if topic is None or topic.error is not None or not topic.partitions:
        raise FeedInterrupted(f"Kafka has no topic {WORKLIST} yet: it is created when the pipeline starts")
    return sorted(topic.partitions)


def row_change(message: Message, codec: Codec) -> RowChange | None:
    """What a message says; None, and an error in the log, where it is no row."""
    key, value = message.key(), message.value()
    if value is None:
        return None if key is None else RowChange(bytes(key).decode(errors="replace"), None)
    try:
        row = codec.decode(bytes(value))
    except DecodeError as error:
        where = {"partition": message.partition(), "offset": message.offset()}
        log.error("worklist_row_unreadable", reason=str(error), **where)
        return None
    return RowChange(row.exam_id, row) if isinstance(row, WorklistRow) else None
