"""The turnaround rows of one partition: plain exams as columns, the others by the fold itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from processors.bulk.columns import FactChunk, side_by_side
from processors.bulk.rows import BulkRows, bulk_rows
from processors.clock_bounds import ClockBounds
from processors.fold import Folded, LogMessage, fold_batch
from processors.turnaround import turnaround_row_of
from processors.view import view_of
from runtime.fast_rebuild.facts import read_facts
from runtime.fast_rebuild.reading import PartitionFiles
from schemas.codec import Codec
from schemas.topics import TURNAROUND as TURNAROUND_TOPIC
from sinks.archive.side_by_side import Records
from sinks.clickhouse.columnar.cursor import Places
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.rows import TURNAROUND, to_arrow

# States of so many exams are in memory at once.
_EXAMS_AT_ONCE = 20_000
KeyAndValue = tuple[bytes | None, bytes | None]


@dataclass(slots=True)
class Counts:
    """What was read: events, exams, those of them that the fold made, and messages that it rejected."""

    events: int = 0
    exams: int = 0
    folded: int = 0
    rejected: int = 0

    def __add__(self, other: Counts) -> Counts:
        """Both together."""
        return Counts(
            self.events + other.events,
            self.exams + other.exams,
            self.folded + other.folded,
            self.rejected + other.rejected,
        )


@dataclass(slots=True)
class _Left:
    """What is left to the fold, by the key that it came under: places in the archive's files, and values."""

    rows: dict[bytes, list[int]] = field(default_factory=lambda: defaultdict(list))
    values: dict[bytes, list[bytes]] = field(default_factory=lambda: defaultdict(list))

    def add_rows(self, records: Records, places: Places, first_row: int) -> None:
        whole, keys = records.heap.data, records.keys
        for row in places.tolist():
            self.rows[whole[keys.starts[row] : keys.ends[row]].tobytes()].append(first_row + row)

    def add_exams(self, made: BulkRows) -> None:
        rows, exams = made.left
        for row, exam in zip(rows.tolist(), exams.tolist(), strict=True):
            self.rows[made.peculiar[exam].encode()].append(row)

    def names(self) -> list[str]:
        return [key.decode(errors="replace") for key in {*self.rows, *self.values}]

    def portions(self) -> Iterator[list[bytes]]:
        """The keys, some at a time."""
        keys = sorted({*self.rows, *self.values})
        for first in range(0, len(keys), _EXAMS_AT_ONCE):
            yield keys[first : first + _EXAMS_AT_ONCE]

    def messages(self, keys: Iterable[bytes], files: PartitionFiles) -> Iterator[LogMessage]:
        """All messages of these keys."""
        named = [(row, key) for key in keys for row in self.rows.get(key, ())]
        if named:
            for place, value in files.values(np.array([row for row, _ in named], np.int64)):
                yield LogMessage(0, 0, named[place][1], value)
        for key in keys:
            for value in self.values.get(key, ()):
                yield LogMessage(0, 0, key, value)


def partition_rows(
    files: PartitionFiles,
    codec: Codec,
    bounds: ClockBounds,
    *,
    version: int,
    counts: Counts,
    newer: Iterable[KeyAndValue] = (),
) -> Iterator[pa.Table]:
    """The rows of all exams, as the table of exams takes them; `version` is theirs. `counts` is added to.

    newer: key and value of the messages that are not in the archive yet.
    Raises as PartitionFiles does, and SchemaError where the registry gives no answer.
    """
    left = _Left()
    chunks = _read(files, codec, left, counts)
    for key, value in newer:
        counts.events += 1
        if key is not None and value is not None:
            left.values[key].append(value)
    if chunks:
        made = bulk_rows(side_by_side(chunks), bounds, left.names())
        left.add_exams(made)
        chunks.clear()
        counts.exams += len(made)
        yield _table(made.columns, version)
    for keys in left.portions():
        folded = fold_batch(left.messages(keys, files), codec, lambda _partition, _key: None)
        if rows := _rows_of(folded, bounds, version, counts):
            yield to_arrow(TURNAROUND, rows)


def _read(files: PartitionFiles, codec: Codec, left: _Left, counts: Counts) -> list[FactChunk]:
    chunks: list[FactChunk] = []
    first_row = 0
    for records in files.waves():
        read = read_facts(records, codec, first_row)
        chunks += read.chunks
        for places in read.odd:
            left.add_rows(records, places, first_row)
        first_row += len(records.offsets)
    counts.events += first_row
    return chunks


def _rows_of(folded: Folded, bounds: ClockBounds, version: int, counts: Counts) -> list[Placed]:
    states = [state for state in folded.states.values() if state.facts]
    counts.rejected += len(folded.rejected)
    counts.exams += len(states)
    counts.folded += len(states)
    rows = (turnaround_row_of(view_of(state, bounds)) for state in states)
    return [Placed(row, TURNAROUND_TOPIC, 0, version) for row in rows]


def _table(columns: Mapping[str, pa.Array], version: int) -> pa.Table:
    count = len(columns["exam_id"])
    whole = {**columns, "version": pa.repeat(pa.scalar(version, pa.uint64()), count)}
    return pa.table([whole[field.name].cast(field.type) for field in TURNAROUND.schema], TURNAROUND.schema)
