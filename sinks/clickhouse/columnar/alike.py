"""Messages of one table read at once: side by side as far as their records begin alike, then kind by kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from schemas.codec import Record
from sinks.clickhouse.columnar.cursor import Cursor, Flags, Heap, Places
from sinks.clickhouse.columnar.leaves import Leaf, NotAtOnce
from sinks.clickhouse.columnar.reader import Leaves, fields_of, read_fields
from sinks.clickhouse.origin import Origin

# What stands before a record in the wire format: a magic byte and the schema id.
HEADER_BYTES = 5

# The fields of a record, as Avro says them.
Written = Sequence[Mapping[str, Any]]
# The rows of a heap whose records are of a class.
Kinds = Mapping[type[Record], Places]


@dataclass(frozen=True, slots=True)
class Fields:
    """Fields that some messages have in common, by their paths with dots."""

    _heap: Heap
    _leaves: Leaves
    _seen: set[str] = field(default_factory=set)

    def has(self, path: str) -> bool:
        """Whether the messages have a field at `path`: those of an earlier writer may not."""
        return path in self._leaves

    def array(self, path: str) -> pa.Array:
        """A field's values; null where absent.

        Raises pyarrow.ArrowInvalid where a text is not UTF-8, and NotAtOnce for an array of records.
        """
        return self._leaf(path).arrow(self._heap)

    def unchecked(self, path: str) -> pa.Array:
        """The same; whether its texts are UTF-8 is for the caller to find out. Raises NotAtOnce."""
        return self._leaf(path).unchecked(self._heap)

    def check_unseen(self) -> None:
        """Raise pyarrow.ArrowInvalid where a field that nobody asked for is not UTF-8, as a record would."""
        for path in self._leaves.keys() - self._seen:
            self._leaves[path].arrow(self._heap)

    def _leaf(self, path: str) -> Leaf:
        leaf = self._leaves.get(path)
        if leaf is None:
            raise NotAtOnce(path)
        self._seen.add(path)
        return leaf


@dataclass(frozen=True, slots=True)
class Kind:
    """Those of the messages whose records are of `cls`: where they stand among all, and their own fields."""

    cls: type[Record]
    at: Places
    fields: Fields


@dataclass(frozen=True, slots=True)
class Alike:
    """Messages of one table, each as today's contract of its kind has it.

    shared: the fields that all of them begin with, which are all where there is one kind only.
    """

    origin: Origin
    shared: Fields
    kinds: Sequence[Kind]

    def __len__(self) -> int:
        """How many they are."""
        return len(self.origin)

    def array(self, path: str) -> pa.Array:
        """A shared field's values; as Fields.array."""
        return self.shared.array(path)

    def each_kind(self, read: Callable[[Kind], pa.Array]) -> pa.Array:
        """What `read` gives for each kind, in the order of the messages."""
        if len(self.kinds) == 1:
            return read(self.kinds[0])
        order = np.empty(len(self), np.int64)
        order[np.concatenate([kind.at for kind in self.kinds])] = np.arange(len(self))
        return pa.concat_arrays([read(kind) for kind in self.kinds]).take(pa.array(order))

    def name_kinds(self, name: Callable[[type[Record]], str]) -> pa.Array:
        """The name of each message's kind."""
        which = np.zeros(len(self), np.int8)
        for number, kind in enumerate(self.kinds):
            which[kind.at] = number
        return pa.array([name(kind.cls) for kind in self.kinds], pa.string()).take(pa.array(which))

    def check_unseen(self) -> None:
        """As Fields.check_unseen, of all fields."""
        self.shared.check_unseen()
        for kind in self.kinds:
            kind.fields.check_unseen()


def read_alike(
    kinds: Kinds, heap: Heap, origin: Origin, written: Written | None = None
) -> tuple[Alike, Places]:
    """Those of the messages of `kinds` that can be read at once, and their rows.

    `origin`: of all messages of `heap`. written: the fields of the only kind, where they are not today's.
    Raises NotAtOnce where the kinds do not begin alike.
    """
    rows = np.sort(np.concatenate(list(kinds.values())))
    cursor = Cursor(heap, heap.starts[rows] + HEADER_BYTES)
    classes = list(kinds)
    if len(classes) == 1:
        shared = Fields(heap, read_fields(written or fields_of(classes[0]), cursor))
        found = [Kind(classes[0], np.arange(len(rows)), shared)]
    else:
        shared = Fields(heap, read_fields([_first_field(classes)], cursor))
        found = [_kind(cls, np.searchsorted(rows, of), heap, cursor) for cls, of in kinds.items()]
    is_right = cursor.at == heap.ends[rows]
    if is_right.all():
        return Alike(origin.only(rows), shared, found), rows
    return read_alike(_only_right(kinds, rows, is_right), heap, origin, written)


def _first_field(classes: Sequence[type[Record]]) -> Mapping[str, object]:
    first, *others = (fields_of(cls)[0] for cls in classes)
    if any((other["name"], other["type"]) != (first["name"], first["type"]) for other in others):
        raise NotAtOnce("records that do not begin alike")
    return first


def _kind(cls: type[Record], at: Places, heap: Heap, cursor: Cursor) -> Kind:
    """Read what follows the first field. The places of `cursor` are behind it then."""
    some = cursor.only(at)
    kind = Kind(cls, at, Fields(heap, read_fields(fields_of(cls)[1:], some)))
    cursor.at[at] = some.at
    return kind


def _only_right(kinds: Kinds, rows: Places, is_right: Flags) -> Kinds:
    right = {cls: of[is_right[np.searchsorted(rows, of)]] for cls, of in kinds.items()}
    # Of none the fields are still there: nothing else is known of them.
    return {cls: of for cls, of in right.items() if of.size} or dict(list(right.items())[:1])


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
