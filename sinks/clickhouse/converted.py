"""What a batch is for the tables: rows, what can be no row, and what removes rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from sinks.clickhouse.batch import Batch, Message
from sinks.clickhouse.letters import Rejected
from sinks.clickhouse.table import Table


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table, and the message of each."""

    table: Table
    arrow: pa.Table
    messages: Sequence[Message]

    def __len__(self) -> int:
        """How many they are."""
        return len(self.messages)

    def __getitem__(self, part: slice) -> Rows:
        """Some of them, side by side."""
        first, end, _ = part.indices(len(self))
        return Rows(self.table, self.arrow.slice(first, end - first), self.messages[part])

    def in_log_order(self) -> Rows:
        """The same by partition and offset: each part of them is all that there is between two offsets."""
        order = sorted(range(len(self)), key=lambda row: self.messages[row][1:3])
        return Rows(self.table, self.arrow.take(order), [self.messages[row] for row in order])


@dataclass(frozen=True, slots=True)
class Converted:
    """What a batch means for the tables.

    rows: at most one for each table. rejected: what can be no row. removed: tombstones of what has rows.
    """

    batch: Batch
    rows: Sequence[Rows]
    rejected: Sequence[Rejected]
    removed: Sequence[Message]


def joined(parts: Sequence[Rows]) -> Sequence[Rows]:
    """One for each table, whose insert is one block."""
    whole = []
    for table in dict.fromkeys(part.table.name for part in parts):
        own = [part for part in parts if part.table.name == table]
        arrow = pa.concat_tables([part.arrow for part in own]).combine_chunks()
        whole.append(Rows(own[0].table, arrow, [message for part in own for message in part.messages]))
    return whole
