"""One batch to its table: decode, insert, set aside what can never be a row."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import pyarrow as pa
import structlog
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error
from urllib3.exceptions import HTTPError

from schemas import topics
from schemas.codec import Codec
from schemas.errors import DecodeError, SchemaError
from sinks.clickhouse.batch import Batch, Message, insert_token
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.errors import DataRefused, NotAnId, Unavailable, explained
from sinks.clickhouse.letters import LetterBox, Rejected
from sinks.clickhouse.metrics import SinkMetrics
from sinks.clickhouse.rows import FORGETFUL_TOPICS, REMOVING_TOPICS, Table, tables_of, to_arrow

log = structlog.get_logger(__name__)

# More bad rows than this in one batch are no bad rows but a fault of ours, a column that does not fit:
# wait for a human instead of burying the log in dead letters.
_MOST_REFUSED = 20
_MOST_REFUSED_SHARE = 0.1

INSERT_SETTINGS = {"async_insert": 0, "deduplicate_blocks_in_dependent_materialized_views": 1}


class Inserter(Protocol):
    """Puts rows into a table, all or none."""

    def insert(self, table: Table, rows: pa.Table, token: str) -> None:
        """Return when they are durable; the same token twice inserts once. DataRefused or Unavailable."""

    def remove(self, table: Table, exam_id: str, offset: int) -> None:
        """Return when no row of the exam from before `offset` is left. Unavailable."""


class ClickHouseInserter:
    """Inserts as Arrow over HTTP."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def insert(self, table: Table, rows: pa.Table, token: str) -> None:
        """Return when they are durable; the same token twice inserts once. DataRefused or Unavailable."""
        settings = {**INSERT_SETTINGS, "insert_deduplication_token": token}
        try:
            self._client.insert_arrow(table.name, rows, settings=settings)
        except Error as error:
            raise explained(error) from error
        except (HTTPError, OSError) as error:
            raise Unavailable(f"ClickHouse: {type(error).__name__}") from error

    def remove(self, table: Table, exam_id: str, offset: int) -> None:
        """Return when no row of the exam from before `offset` is left. Unavailable."""
        # A row that was written again later has a higher offset, however often this is delivered.
        sql = f"DELETE FROM {table.name} WHERE exam_id = {{exam_id:String}} AND version < {{offset:UInt64}}"  # noqa: S608 - the name is ours
        try:
            self._client.command(sql, parameters={"exam_id": exam_id, "offset": offset})
        except Error as error:
            raise Unavailable(f"ClickHouse did not remove a row: {explained(error)}") from error
        except (HTTPError, OSError) as error:
            raise Unavailable(f"ClickHouse: {type(error).__name__}") from error


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

    def deliver(self, batch: Batch) -> None:
        """Return when every message of `batch` is a durable row or a durable dead letter.

        Raises Unavailable: then deliver the same batch again.
        """
        tables = tables_of(batch.topic)
        rows, rejected = self._decode(tables, batch.messages)
        counts: dict[str, int] = {}
        for table in tables:
            own = [row for row in rows if _takes(table, row)]
            refused = self._insert_all(table, batch, own)
            counts[table.name] = len(own) - len(refused)
            rejected += refused
        for message in batch.messages:
            if message.value is None and message.key and message.topic in REMOVING_TOPICS:
                self._inserter.remove(tables[0], message.key.decode(errors="replace"), message.offset)
        if rejected:
            self._set_aside(batch.topic, rejected)
        for name, count in counts.items():
            self._metrics.count_rows(name, count)
        self._metrics.dead_letters += len(rejected)

    def _insert_all(self, table: Table, batch: Batch, rows: Sequence[Placed]) -> list[Rejected]:
        """Insert `rows`; those that ClickHouse refuses for ever."""
        if not rows:
            return []
        refused = insert_around(rows, lambda part: self._insert(table, batch.topic, part))
        values = {(m.partition, m.offset): m for m in batch.messages} if refused else {}
        return [Rejected(values[row.partition, row.offset], reason, row.record) for row, reason in refused]

    def _decode(
        self, tables: Sequence[Table], messages: Sequence[Message]
    ) -> tuple[list[Placed], list[Rejected]]:
        rows: list[Placed] = []
        rejected: list[Rejected] = []
        for message in messages:
            if message.value is None:
                if message.topic not in FORGETFUL_TOPICS | REMOVING_TOPICS:
                    rejected.append(Rejected(message, "EmptyMessage"))
                continue
            try:
                record = self._codec.decode(message.value)
            except DecodeError as error:
                rejected.append(Rejected(message, type(error).__name__))
                continue
            except SchemaError as error:
                raise Unavailable(str(error)) from error
            row = Placed(record, message.topic, message.partition, message.offset)
            if any(_takes(table, row) for table in tables):
                rows.append(row)
            else:
                rejected.append(Rejected(message, "UnexpectedRecord", record))
        return rows, rejected

    def _insert(self, table: Table, topic: str, rows: Sequence[Placed]) -> None:
        try:
            arrow = to_arrow(table, rows)
        except (NotAnId, pa.ArrowException, OverflowError, ValueError, TypeError) as error:
            raise DataRefused(type(error).__name__) from error
        began_s = time.monotonic()
        self._inserter.insert(table, arrow, insert_token(topic, self._topic_ids[topic], rows))
        self._metrics.last_insert_ms = (time.monotonic() - began_s) * 1000

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


def _takes(table: Table, row: Placed) -> bool:
    return isinstance(row.record, table.accepts)


def insert_around(
    rows: Sequence[Placed], insert: Callable[[Sequence[Placed]], None]
) -> list[tuple[Placed, str]]:
    """Insert `rows`, halving where they are refused; the rows that are refused alone, with the reason.

    Raises Unavailable, also where so many are refused that the fault must be ours.
    """
    most = max(_MOST_REFUSED, int(len(rows) * _MOST_REFUSED_SHARE))
    refused: list[tuple[Placed, str]] = []
    parts = [rows]
    while parts:
        part = parts.pop()
        try:
            insert(part)
        except DataRefused as error:
            if len(part) > 1:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
                continue
            refused.append((part[0], error.reason))
            if len(refused) > most:
                raise Unavailable(f"{len(refused)} rows of one batch refused: {error.reason}") from error
    return refused
