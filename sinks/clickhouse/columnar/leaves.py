"""What was read of one field in many messages, and the Arrow array that it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sinks.clickhouse.columnar.cursor import Flags, Heap, Places


class Leaf(Protocol):
    """The values of one field, in the order of the messages."""

    def among(self, present: Flags, at: Places) -> Self:
        """Those of some messages as those of all: `present` says which have one, `at` where others are."""

    def gathered(self, parts: Sequence[tuple[Places, Self]], count: int) -> Self:
        """One leaf of `count` values: each part's at the places that are given with it."""

    def arrow(self, heap: Heap) -> pa.Array:
        """As Arrow has them. Raises pyarrow.ArrowInvalid where a text is not UTF-8."""

    def unchecked(self, heap: Heap) -> pa.Array:
        """The same, where nobody has asked yet whether texts are UTF-8."""


class NotAtOnce(Exception):
    """These messages hold what is read one by one only."""


@dataclass(frozen=True, slots=True)
class Slices:
    """Strings or bytes, where they begin and end. Places never go back; what is absent is empty."""

    starts: Places
    ends: Places
    is_text: bool
    present: Flags | None = None

    def among(self, present: Flags, at: Places) -> Self:
        """As Leaf."""
        starts, ends = at.copy(), at.copy()
        starts[present], ends[present] = self.starts, self.ends
        return replace(self, starts=starts, ends=ends, present=_among(self.present, present))

    def gathered(self, parts: Sequence[tuple[Places, Self]], count: int) -> Self:
        """As Leaf."""
        starts = _gathered([(at, part.starts) for at, part in parts], count, np.int64)
        ends = _gathered([(at, part.ends) for at, part in parts], count, np.int64)
        return replace(self, starts=starts, ends=ends, present=_gathered_flags(parts, count))

    def arrow(self, heap: Heap) -> pa.Array:
        """As Leaf."""
        taken = self._taken(heap)
        return taken.cast(pa.string()) if self.is_text else taken

    def unchecked(self, heap: Heap) -> pa.Array:
        """As Leaf."""
        taken = self._taken(heap)
        return pa.Array.from_buffers(pa.string(), len(taken), taken.buffers()) if self.is_text else taken

    def _taken(self, heap: Heap) -> pa.Array:
        """As bytes. Arrow cuts them at both ends of each slice, and takes every second piece."""
        count = len(self.starts)
        if count == 0 or (self.present is not None and not self.present.any()):
            return pa.nulls(count, pa.binary())
        cuts = np.empty(2 * count, np.int32)
        cuts[0::2], cuts[1::2] = self.starts, self.ends
        cut = pa.BinaryArray.from_buffers(pa.binary(), 2 * count - 1, [None, pa.py_buffer(cuts), heap.buffer])
        return cut.take(pa.array(np.arange(0, 2 * count - 1, 2), mask=_absent(self.present)))


@dataclass(frozen=True, slots=True)
class Values:
    """Numbers, flags or instants."""

    values: npt.NDArray[Any]
    kind: pa.DataType
    present: Flags | None = None

    def among(self, present: Flags, at: Places) -> Self:  # noqa: ARG002 - values stand nowhere
        """As Leaf."""
        values = np.zeros(len(present), self.values.dtype)
        values[present] = self.values
        return replace(self, values=values, present=_among(self.present, present))

    def gathered(self, parts: Sequence[tuple[Places, Self]], count: int) -> Self:
        """As Leaf."""
        values = _gathered([(at, part.values) for at, part in parts], count, self.values.dtype)
        return replace(self, values=values, present=_gathered_flags(parts, count))

    def arrow(self, heap: Heap) -> pa.Array:  # noqa: ARG002 - values stand nowhere
        """As Leaf."""
        return pa.array(self.values, mask=_absent(self.present)).cast(self.kind)

    def unchecked(self, heap: Heap) -> pa.Array:
        """As Leaf: there are no texts."""
        return self.arrow(heap)


@dataclass(frozen=True, slots=True)
class Lists:
    """One field of the items of an array. An array that is not there is an empty one."""

    counts: Places
    items: Leaf

    def among(self, present: Flags, at: Places) -> Self:  # noqa: ARG002 - an empty list stands nowhere
        """As Leaf."""
        counts = np.zeros(len(present), np.int64)
        counts[present] = self.counts
        return replace(self, counts=counts)

    def gathered(self, parts: Sequence[tuple[Places, Self]], count: int) -> Self:  # noqa: ARG002 - as Leaf
        """As Leaf, but there are no arrays in arrays: raises NotAtOnce."""
        raise NotAtOnce("an array in an array")

    def arrow(self, heap: Heap) -> pa.Array:
        """As Leaf."""
        offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(self.counts))).astype(np.int32)
        return pa.ListArray.from_arrays(pa.array(offsets), self.items.arrow(heap))

    def unchecked(self, heap: Heap) -> pa.Array:
        """As Leaf: they are checked all the same."""
        return self.arrow(heap)


def _absent(present: Flags | None) -> Flags | None:
    return None if present is None else ~present


def _among(inner: Flags | None, present: Flags) -> Flags:
    if inner is None:
        return present
    spread = present.copy()
    spread[present] = inner
    return spread


def _gathered(
    parts: Sequence[tuple[Places, npt.NDArray[Any]]], count: int, kind: npt.DTypeLike
) -> npt.NDArray[Any]:
    whole = np.zeros(count, kind)
    for at, part in parts:
        whole[at] = part
    return whole


def _gathered_flags(parts: Sequence[tuple[Places, Any]], count: int) -> Flags | None:
    if all(part.present is None for _, part in parts):
        return None
    return _gathered(
        [(at, np.ones(len(at), bool) if part.present is None else part.present) for at, part in parts],
        count,
        bool,
    )
