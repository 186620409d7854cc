"""Messages of one kind, read at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from schemas.codec import Record
from sinks.clickhouse.columnar.cursor import Cursor, Heap, Places
from sinks.clickhouse.columnar.leaves import NotAtOnce
from sinks.clickhouse.columnar.reader import Leaves, read_record

# What stands before a record in the wire format: a magic byte and the schema id.
HEADER_BYTES = 5


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in Kafka messages came from, in their order."""

    topic: str
    partitions: Places
    offsets: Places

    def only(self, rows: Places) -> Origin:
        """That of some of them."""
        return Origin(self.topic, self.partitions[rows], self.offsets[rows])


@dataclass(frozen=True, slots=True)
class Alike:
    """Messages whose records are of `cls`, as today's contract has them."""

    cls: type[Record]
    origin: Origin
    _heap: Heap
    _leaves: Leaves
    _seen: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        """How many they are."""
        return len(self.origin.offsets)

    def array(self, path: str) -> pa.Array:
        """A field's values, by its path with dots; null where absent.

        Raises pyarrow.ArrowInvalid where a text is not UTF-8, and NotAtOnce for an array of records.
        """
        leaf = self._leaves.get(path)
        if leaf is None:
            raise NotAtOnce(path)
        self._seen.add(path)
        return leaf.arrow(self._heap)

    def check_unseen(self) -> None:
        """Raise pyarrow.ArrowInvalid where a field that nobody asked for is not UTF-8, as a record would."""
        for path in self._leaves.keys() - self._seen:
            self._leaves[path].arrow(self._heap)


def read_alike(cls: type[Record], heap: Heap, rows: Places, origin: Origin) -> tuple[Alike, Places]:
    """Those of the messages at `rows` of `heap` that can be read at once, and the rows of those that cannot.

    All have the header of `cls`. `origin`: of all messages of `heap`.
    """
    cursor = Cursor(heap, heap.starts[rows] + HEADER_BYTES)
    leaves = read_record(cls.AVRO_NAME, cursor)
    is_right = cursor.at == heap.ends[rows]
    if is_right.all():
        return Alike(cls, origin.only(rows), heap, leaves), np.empty(0, np.int64)
    right, odd = rows[is_right], rows[~is_right]
    return read_alike(cls, heap, right, origin)[0], odd


def by_schema(heap: Heap) -> tuple[list[tuple[int, Places]], Places]:
    """The rows of each schema id, and those that have no header of the wire format."""
    whole = (heap.ends - heap.starts >= HEADER_BYTES) & (heap.data[heap.starts] == 0)
    rows = np.flatnonzero(whole)
    ids, which = np.unique(
        heap.words[heap.starts[rows]] >> np.uint64(8) & np.uint64(0xFFFFFFFF), return_inverse=True
    )
    found = [
        (int.from_bytes(int(said).to_bytes(4, "little"), "big"), rows[which == number])
        for number, said in enumerate(ids)
    ]
    return found, np.flatnonzero(~whole)
