"""A table, and records as its rows: pure, and driven by its list of columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from schemas.codec import Record
from sinks.clickhouse.columnar.alike import Alike
from sinks.clickhouse.columns import Column, Placed


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the records that it takes, and its columns in order.

    blank: where materialized views are made of the table, the row that tells them that an exam has none any
        more; it is inserted, and then removed with the exam's other rows.
    """

    name: str
    accepts: tuple[type[Record], ...]
    columns: Sequence[Column]
    blank: Callable[[str], Record] | None = None

    @property
    def schema(self) -> pa.Schema:
        """As Arrow has it."""
        return pa.schema([(column.name, column.arrow) for column in self.columns])


def alike_to_arrow(table: Table, alike: Alike) -> pa.Table:
    """The rows of `alike`, the same as `to_arrow` gives for their records.

    Raises as `to_arrow`, or NotAtOnce: then take them one by one.
    """
    cells = [column.read_many(alike) for column in table.columns]
    alike.check_unseen()
    return pa.Table.from_arrays(cells, schema=table.schema)


def to_arrow(table: Table, rows: Sequence[Placed]) -> pa.Table:
    """`rows` as they are inserted into `table`.

    Raises NotAnId, pyarrow.ArrowException, OverflowError or ValueError where a value does not fit its column.
    """
    cells = [pa.array([column.read(row) for row in rows], column.arrow) for column in table.columns]
    return pa.Table.from_arrays(cells, schema=table.schema)
