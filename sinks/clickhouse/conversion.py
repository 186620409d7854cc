"""A batch as the rows of its tables: most messages many at once, the rest one by one.

Both ways give the same rows. Messages go the careful way, one by one, where there are too few of their kind,
where their writer's schema is not today's, and where anything in them is not as expected: it has the last
word on what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from schemas.codec import Codec
from schemas.errors import DecodeError, SchemaError
from sinks.clickhouse.batch import Batch, Message, exam_id_of
from sinks.clickhouse.columnar.alike import Origin, by_schema, read_alike
from sinks.clickhouse.columnar.cursor import Heap, Places
from sinks.clickhouse.columnar.leaves import NotAtOnce
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.converted import Converted, Rows, joined
from sinks.clickhouse.errors import DataRefused, NotAnId, Unavailable
from sinks.clickhouse.letters import Rejected
from sinks.clickhouse.refusals import around_refused
from sinks.clickhouse.rows import FORGETFUL_TOPICS, REMOVING_TOPICS, tables_of
from sinks.clickhouse.table import Table, alike_to_arrow, to_arrow

# Fewer of one kind are sooner read one by one.
MANY = 100
# What the columns raise where a value does not fit.
_MISFITS = (NotAnId, pa.ArrowException, OverflowError, ValueError, TypeError)


class Conversion:
    """Converts batches; the same batch always to the same rows, in the same order."""

    def __init__(self, codec: Codec, many: int = MANY) -> None:
        """`many`: from how many on messages of one kind are read at once."""
        self._codec = codec
        self._many = many

    def convert(self, batch: Batch) -> Converted:
        """`batch` as rows.

        Raises Unavailable where the registry is away, or so much is wrong that the fault must be ours.
        """
        parts: list[Rows] = []
        left: list[Message] = []
        filled = [message for message in batch.messages if message.value is not None]
        for rows, others in self._at_once(batch.topic, filled):
            parts += rows
            left += others
        found, rejected = self._one_by_one(batch.topic, left)
        removed, empty = _tombstones(batch)
        rows = joined([*parts, *found, *_blanks(batch.topic, removed)])
        return Converted(batch, rows, [*empty, *rejected], removed)

    def _at_once(
        self, topic: str, messages: Sequence[Message]
    ) -> Iterator[tuple[Sequence[Rows], Sequence[Message]]]:
        """The rows of one kind after the other, and the messages that are left to the careful way."""
        if len(messages) < self._many:
            yield (), messages
            return
        heap = Heap([message.value or b"" for message in messages])
        origin = _origin(topic, messages)
        kinds, headless = by_schema(heap)
        yield (), [messages[row] for row in headless]
        for schema_id, places in kinds:
            found, odd = self._of_one_kind(schema_id, heap, places, origin)
            of_rows = np.setdiff1d(places, odd, assume_unique=True)
            yield (
                [Rows(table, arrow, [messages[row] for row in of_rows]) for table, arrow in found],
                [messages[row] for row in odd],
            )

    def _of_one_kind(
        self, schema_id: int, heap: Heap, places: Places, origin: Origin
    ) -> tuple[Sequence[tuple[Table, pa.Table]], Places]:
        """The rows of the messages at `places`, and the places of those that are not among them."""
        try:
            cls = self._codec.written_today(schema_id)
            table = next((t for t in tables_of(origin.topic) if cls and issubclass(cls, t.accepts)), None)
            if cls is None or table is None or len(places) < self._many:
                return (), places
            alike, odd = read_alike(cls, heap, places, origin)
            return [(table, alike_to_arrow(table, alike))] if len(alike) else (), odd
        except (DecodeError, SchemaError, NotAtOnce, *_MISFITS):
            return (), places

    def _one_by_one(
        self, topic: str, messages: Sequence[Message]
    ) -> tuple[Sequence[Rows], Sequence[Rejected]]:
        rows: list[Rows] = []
        decoded, rejected = self._decoded(messages)
        by_place = {(message.partition, message.offset): message for message in messages}
        for table in tables_of(topic):
            own = [row for row in decoded if isinstance(row.record, table.accepts)]

            def convert(part: list[Placed], table: Table = table) -> None:
                arrow = _fitting(table, part)
                rows.append(Rows(table, arrow, [by_place[row.partition, row.offset] for row in part]))

            refused = around_refused(own, convert) if own else []
            rejected += [
                Rejected(by_place[row.partition, row.offset], reason, row.record)
                for (row,), reason in refused
            ]
        return rows, rejected

    def _decoded(self, messages: Sequence[Message]) -> tuple[list[Placed], list[Rejected]]:
        rows: list[Placed] = []
        rejected: list[Rejected] = []
        for message in messages:
            try:
                record = self._codec.decode(message.value or b"")
            except DecodeError as error:
                rejected.append(Rejected(message, type(error).__name__))
                continue
            except SchemaError as error:
                raise Unavailable(str(error)) from error
            if any(isinstance(record, table.accepts) for table in tables_of(message.topic)):
                rows.append(Placed(record, message.topic, message.partition, message.offset))
            else:
                rejected.append(Rejected(message, "UnexpectedRecord", record))
        return rows, rejected


def _fitting(table: Table, rows: Sequence[Placed]) -> pa.Table:
    try:
        return to_arrow(table, rows)
    except _MISFITS as error:
        raise DataRefused(type(error).__name__) from error


def _origin(topic: str, messages: Sequence[Message]) -> Origin:
    count = len(messages)
    partitions = np.fromiter((message.partition for message in messages), np.int64, count)
    return Origin(topic, partitions, np.fromiter((message.offset for message in messages), np.int64, count))


def _blanks(topic: str, removed: Sequence[Message]) -> Sequence[Rows]:
    """What the views that are made of a table are told of the exams that have no row any more."""
    table = tables_of(topic)[0]
    if table.blank is None or not removed:
        return []
    blanks = [Placed(table.blank(exam_id_of(m)), topic, m.partition, m.offset) for m in removed]
    return [Rows(table, to_arrow(table, blanks), removed)]


def _tombstones(batch: Batch) -> tuple[list[Message], list[Rejected]]:
    """Those that remove rows, and those that should not be; others only say that Kafka may forget."""
    empty = [message for message in batch.messages if message.value is None]
    if batch.topic in REMOVING_TOPICS:
        return [message for message in empty if message.key], []
    if batch.topic in FORGETFUL_TOPICS:
        return [], []
    return [], [Rejected(message, "EmptyMessage") for message in empty]
