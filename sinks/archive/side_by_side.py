"""The records of many blocks read side by side (Avro 1.12, Binary encoding): where keys and values stand.

As `sinks.archive.record` reads them, but without an object for each: one step reads the next record of every
block. Headers are stepped over; whoever wants them reads one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sinks.archive.container import Block
from sinks.archive.errors import ArchiveBroken
from sinks.clickhouse.columnar.cursor import Cursor, Flags, Heap, Places

_NULL, _SOME = 0, 2  # the two branches of ["null", "bytes"], zig-zag coded
_MOST_HEADERS = 4096


@dataclass(frozen=True, slots=True)
class Parts:
    """One part of each record, where it begins and ends in the heap; `present`: whether it is there."""

    starts: Places
    ends: Places
    present: Flags

    @classmethod
    def room(cls, count: int) -> Parts:
        """For so many records."""
        return cls(np.zeros(count, np.int64), np.zeros(count, np.int64), np.zeros(count, bool))

    def take(self, rows: Places, cursor: Cursor) -> None:
        """Read those of the records `rows`."""
        present = cursor.either(_NULL, _SOME)
        self.present[rows] = present
        if present.all():
            self.starts[rows], self.ends[rows] = cursor.slices()
            return
        # Where it is absent it stands empty where it would have been: places never go back.
        self.starts[rows] = self.ends[rows] = cursor.at
        there = np.flatnonzero(present)
        some = cursor.only(there)
        self.starts[rows[there]], self.ends[rows[there]] = some.slices()
        cursor.at[there] = some.at


@dataclass(frozen=True, slots=True)
class Records:
    """The records of some blocks, in their order.

    blocks: to which of the blocks each belongs.
    """

    heap: Heap
    blocks: Places
    offsets: Places
    keys: Parts
    values: Parts


def records_of(blocks: Sequence[Block]) -> Records:
    """All records of `blocks`. Raises ArchiveBroken where a block is not exactly its records."""
    heap = Heap([block.payload() for block in blocks])
    counts = np.fromiter((block.count for block in blocks), np.int64, len(blocks))
    firsts, total = np.cumsum(counts) - counts, int(counts.sum())
    offsets, keys, values = np.zeros(total, np.int64), Parts.room(total), Parts.room(total)
    cursor = Cursor(heap, heap.starts.copy())
    for number in range(int(counts.max(initial=0))):
        going = np.flatnonzero(counts > number)
        rows, some = firsts[going] + number, cursor.only(going)
        offsets[rows] = some.number()
        some.number()  # Kafka's time
        keys.take(rows, some)
        values.take(rows, some)
        _step_over_headers(some)
        cursor.at[going] = some.at
    wrong = np.flatnonzero(cursor.at != heap.ends)
    if wrong.size:
        raise ArchiveBroken(f"{wrong.size} blocks are not the records that they say they have")
    return Records(heap, np.repeat(np.arange(len(blocks)), counts), offsets, keys, values)


def _step_over_headers(cursor: Cursor) -> None:
    """One block of headers, as we write them, and the 0 that ends it; only the 0 where there are none."""
    counts = cursor.count()
    cursor.give_up(counts > _MOST_HEADERS)
    counts = np.where(counts > _MOST_HEADERS, 0, counts)
    least = int(counts.min(initial=0))
    for _ in range(least):
        _step_over_header(cursor)
    # Records of one log have as many headers each; the rest is for those that have more.
    for number in range(least, int(counts.max(initial=0))):
        going = np.flatnonzero(counts > number)
        some = cursor.only(going)
        _step_over_header(some)
        cursor.at[going] = some.at
    ending = np.flatnonzero(counts)
    some = cursor.only(ending)
    some.give_up(some.number() != 0)
    cursor.at[ending] = some.at


def _step_over_header(cursor: Cursor) -> None:
    cursor.skip()
    present = cursor.either(_NULL, _SOME)
    if present.all():
        cursor.skip()
        return
    there = np.flatnonzero(present)
    some = cursor.only(there)
    some.skip()
    cursor.at[there] = some.at
