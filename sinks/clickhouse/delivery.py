"""Converted batches to ClickHouse: insert, remove, set aside what can never be a row."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

import structlog

from schemas import topics
from schemas.codec import Codec, Record
from schemas.errors import DecodeError
from sinks.clickhouse.batch import exam_id_of, insert_token
from sinks.clickhouse.converted import Converted, Rows
from sinks.clickhouse.errors import DataRefused
from sinks.clickhouse.inserting import Inserter
from sinks.clickhouse.letters import LetterBox, Rejected
from sinks.clickhouse.messages import Message
from sinks.clickhouse.metrics import SinkMetrics
from sinks.clickhouse.refusals import around_refused
from sinks.clickhouse.rows import tables_of

log = structlog.get_logger(__name__)


class Delivery:
    """Delivers batches; whatever goes wrong, a batch may be delivered again as it is."""

    def __init__(
        self,
        *,
        codec: Codec,
        inserter: Inserter,
        letters: LetterBox,
        topic_ids: Mapping[str, str],
        metrics: SinkMetrics,
    ) -> None:
        self._codec = codec
        self._inserter = inserter
        self._letters = letters
        self._topic_ids = topic_ids
        self._metrics = metrics

    def deliver(self, converted: Converted) -> None:
        """Return when every message of the batch is a durable row or a durable dead letter.

        Raises Unavailable: then deliver the same once more.
        """
        topic = converted.batch.topic
        rejected = list(converted.rejected)
        counts: dict[str, int] = {}
        for rows in converted.rows:
            refused = self._insert_all(topic, rows)
            counts[rows.table.name] = len(rows) - len(refused)
            rejected += refused
        for message in converted.removed:
            self._inserter.remove(tables_of(topic)[0], exam_id_of(message), message.offset)
        if rejected:
            self._set_aside(topic, rejected)
        self._metrics.record_delivery(counts, len(rejected))

    def _insert_all(self, topic: str, rows: Rows) -> list[Rejected]:
        """Insert `rows`; those that ClickHouse refuses for ever."""
        try:
            self._insert(topic, rows)
        except DataRefused:
            refused = around_refused(rows.in_log_order(), lambda part: self._insert(topic, part))
            return [self._rejected(message, reason) for row, reason in refused for message in row.messages]
        return []

    def _insert(self, topic: str, rows: Rows) -> None:
        token = insert_token(self._topic_ids[topic], rows.origin)
        began_s = time.monotonic()
        self._inserter.insert(rows.table, rows.arrow, token)
        self._metrics.record_insert(len(rows), (time.monotonic() - began_s) * 1000)

    def _rejected(self, message: Message, reason: str) -> Rejected:
        record: Record | None = None
        with suppress(DecodeError):
            record = self._codec.decode(message.value or b"")
        return Rejected(message, reason, record)

    def _set_aside(self, topic: str, rejected: Sequence[Rejected]) -> None:
        for one in rejected:
            log.warning(
                "message_rejected",
                topic=topic,
                partition=one.message.partition,
                offset=one.message.offset,
                reason=one.reason,
            )
        # What is in the dead letters' own topic is kept already; a letter about a letter might never end.
        if topic != topics.DEADLETTERS:
            self._letters.post(rejected)
