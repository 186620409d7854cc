"""Where in Kafka many messages of one topic came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sinks.clickhouse.columnar.cursor import Flags, Places


class Range(NamedTuple):
    """Messages of one partition: the lowest and the highest offset among them, and their number."""

    partition: int
    first: int
    last: int
    number: int


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Partition and offset of each message, in their order."""

    topic: str
    partitions: Places
    offsets: Places

    def __len__(self) -> int:
        """How many they are."""
        return len(self.offsets)

    def only(self, rows: Places | Flags | slice) -> Origin:
        """That of some of them."""
        return Origin(self.topic, self.partitions[rows], self.offsets[rows])

    def places(self) -> set[tuple[str, int]]:
        """The partitions that they came from."""
        return {(self.topic, partition) for partition in np.unique(self.partitions).tolist()}

    def first_offsets(self) -> dict[int, int]:
        """By partition the offset of what came first."""
        return _by_partition(self.partitions, self.offsets)

    def next_offsets(self) -> dict[int, int]:
        """By partition the offset to commit: the one after what came last."""
        return _by_partition(self.partitions[::-1], self.offsets[::-1] + 1)

    def log_order(self) -> Places:
        """Their order by partition and offset."""
        order: Places = np.lexsort((self.offsets, self.partitions))
        return order

    def ranges(self) -> Sequence[Range]:
        """Where they stand, by partition."""
        numbers, which = np.unique(self.partitions, return_inverse=True)
        first = np.full(len(numbers), np.iinfo(np.int64).max)
        last = np.zeros(len(numbers), np.int64)
        np.minimum.at(first, which, self.offsets)
        np.maximum.at(last, which, self.offsets)
        counts = np.bincount(which, minlength=len(numbers))
        columns = (numbers.tolist(), first.tolist(), last.tolist(), counts.tolist())
        return [Range(*one) for one in zip(*columns, strict=True)]


def _by_partition(partitions: Places, offsets: Places) -> dict[int, int]:
    numbers, firsts = np.unique(partitions, return_index=True)
    return dict(zip(numbers.tolist(), offsets[firsts].tolist(), strict=True))
