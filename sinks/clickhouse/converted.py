"""What a batch is for the tables: rows, what can be no row, and what removes rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from sinks.clickhouse.columnar.cursor import Places
from sinks.clickhouse.letters import Rejected
from sinks.clickhouse.messages import Message, Messages
from sinks.clickhouse.origin import Origin
from sinks.clickhouse.table import Table


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table: the message of each is the one of `batch` that stands at `at`."""

    table: Table
    arrow: pa.Table
    batch: Messages
    at: Places

    def __len__(self) -> int:
        """How many they are."""
        return len(self.at)

    def __getitem__(self, part: slice) -> Rows:
        """Some of them, side by side."""
        first, end, _ = part.indices(len(self))
        return Rows(self.table, self.arrow.slice(first, end - first), self.batch, self.at[part])

    @property
    def origin(self) -> Origin:
        """Where they came from."""
        return self.batch.origin.only(self.at)

    @property
    def messages(self) -> Messages:
        """What they were made of."""
        return self.batch.only(self.at)

    def in_log_order(self) -> Rows:
        """The same by partition and offset: each part of them is all that there is between two offsets."""
        order = self.origin.log_order()
        return Rows(self.table, self.arrow.take(pa.array(order)), self.batch, self.at[order])


@dataclass(frozen=True, slots=True)
class Converted:
    """What a batch means for the tables.

    rows: at most one for each table. rejected: what can be no row. removed: tombstones of what has rows.
    """

    batch: Messages
    rows: Sequence[Rows]
    rejected: Sequence[Rejected]
    removed: Sequence[Message]


def joined(parts: Sequence[Rows]) -> Sequence[Rows]:
    """One for each table, whose insert is one block. All parts are of one batch."""
    by_table: dict[str, list[Rows]] = {}
    for part in parts:
        by_table.setdefault(part.table.name, []).append(part)
    return [_one_of(own) for own in by_table.values()]


def _one_of(parts: Sequence[Rows]) -> Rows:
    arrow = pa.concat_tables([part.arrow for part in parts]).combine_chunks()
    return Rows(parts[0].table, arrow, parts[0].batch, np.concatenate([part.at for part in parts]))
