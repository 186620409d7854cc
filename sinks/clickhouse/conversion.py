"""A batch as the rows of its tables: most messages many at once, the rest one by one.

Both ways give the same rows. Messages go the careful way, one by one, where there are too few of their kind,
where their writer's schema is not today's, and where anything in them is not as expected: it has the last
word on what is wrong with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

import numpy as np
import pyarrow as pa

from schemas.codec import Codec, Record
from schemas.errors import DecodeError, SchemaError
from sinks.clickhouse.batch import exam_id_of
from sinks.clickhouse.columnar.alike import Kinds, by_schema, read_alike
from sinks.clickhouse.columnar.cursor import Flags, Heap, Places
from sinks.clickhouse.columnar.leaves import NotAtOnce
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.converted import Converted, Rows, joined
from sinks.clickhouse.errors import DataRefused, NotAnId, Unavailable
from sinks.clickhouse.letters import Rejected
from sinks.clickhouse.messages import Message, Messages
from sinks.clickhouse.origin import Origin
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
        # Kinds with a field that is never read at once.
        self._careful: set[type[Record]] = set()

    def convert(self, batch: Messages) -> Converted:
        """`batch` as rows.

        Raises Unavailable where the registry is away, or so much is wrong that the fault must be ours.
        """
        is_empty = batch.is_empty()
        parts, is_read = self._at_once(batch)
        found, rejected = self._one_by_one(batch, np.flatnonzero(~is_read & ~is_empty))
        removed, refused = _tombstones(batch, np.flatnonzero(is_empty))
        rows = joined([*parts, *found, *_blanks(batch, removed)])
        return Converted(batch, rows, [*refused, *rejected], list(batch.only(removed)))

    def _at_once(self, batch: Messages) -> tuple[list[Rows], Flags]:
        """The rows that are read at once, and which messages they are made of."""
        is_read = np.zeros(len(batch), np.bool_)
        rows: list[Rows] = []
        if len(batch) < self._many:
            return rows, is_read
        heap = Heap(batch.filled())
        for table, kinds in self._by_table(batch.topic, heap).items():
            for arrow, at in self._of_table(table, kinds, heap, batch.origin):
                is_read[at] = True
                rows.append(Rows(table, arrow, batch, at))
        return rows, is_read

    def _by_table(self, topic: str, heap: Heap) -> dict[Table, dict[type[Record], Places]]:
        """The kinds of each table that are many, and whose writer's schema is today's."""
        found: dict[Table, dict[type[Record], Places]] = {}
        for schema_id, rows in by_schema(heap)[0]:
            with suppress(DecodeError, SchemaError):
                cls = self._codec.written_today(schema_id)
                if cls is None or cls in self._careful or len(rows) < self._many:
                    continue
                for table in tables_of(topic):
                    if issubclass(cls, table.accepts):
                        kinds = found.setdefault(table, {})
                        kinds[cls] = np.sort(np.concatenate((kinds[cls], rows))) if cls in kinds else rows
        return found

    def _of_table(
        self, table: Table, kinds: Kinds, heap: Heap, origin: Origin
    ) -> Iterator[tuple[pa.Table, Places]]:
        """Rows, and the places of their messages. A kind that does not fit is not among them."""
        try:
            alike, read = read_alike(kinds, heap, origin)
            arrow = alike_to_arrow(table, alike)
        except (NotAtOnce, *_MISFITS) as error:
            if isinstance(error, NotAtOnce) and len(kinds) == 1:
                self._careful.update(kinds)
            if len(kinds) > 1:  # one kind must not hold up the others
                for cls, rows in kinds.items():
                    yield from self._of_table(table, {cls: rows}, heap, origin)
        else:
            if len(alike):
                yield arrow, read

    def _one_by_one(self, batch: Messages, left: Places) -> tuple[Sequence[Rows], Sequence[Rejected]]:
        rows: list[Rows] = []
        messages = list(batch.only(left))
        decoded, rejected = self._decoded(messages)
        number_of = {(one.partition, one.offset): number for number, one in enumerate(messages)}
        for table in tables_of(batch.topic):
            own = [row for row in decoded if isinstance(row.record, table.accepts)]

            def convert(part: list[Placed], table: Table = table) -> None:
                numbers = [number_of[row.partition, row.offset] for row in part]
                rows.append(Rows(table, _fitting(table, part), batch, left[numbers]))

            refused = around_refused(own, convert) if own else []
            rejected += [
                Rejected(messages[number_of[row.partition, row.offset]], reason, row.record)
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


def _blanks(batch: Messages, removed: Places) -> Sequence[Rows]:
    """What the views that are made of a table are told of the exams that have no row any more."""
    table = tables_of(batch.topic)[0]
    if table.blank is None or not removed.size:
        return []
    blanks = [Placed(table.blank(exam_id_of(m)), *m[:3]) for m in batch.only(removed)]
    return [Rows(table, to_arrow(table, blanks), batch, removed)]


def _tombstones(batch: Messages, empty: Places) -> tuple[Places, list[Rejected]]:
    """Those that remove rows, and those that should not be; others only say that Kafka may forget."""
    if batch.topic in REMOVING_TOPICS:
        return empty[[bool(batch.keys[row]) for row in empty.tolist()]], []
    rejected = () if batch.topic in FORGETFUL_TOPICS else batch.only(empty)
    return empty[:0], [Rejected(message, "EmptyMessage") for message in rejected]
