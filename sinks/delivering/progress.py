"""Up to where a partition is done, when its messages come to an end in any order: pure."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Partition:
    next_offset: int
    pending: list[int] = field(default_factory=list)
    finished: set[int] = field(default_factory=set)
    left: dict[int, int] = field(default_factory=dict)
    committed: int = -1

    def position(self) -> int:
        """The offset to commit: everything before it has come to an end."""
        while self.pending and self.pending[0] in self.finished:
            self.finished.remove(heapq.heappop(self.pending))
        return self.pending[0] if self.pending else self.next_offset


class Progress:
    """Offsets taken and finished, by partition. An offset is committed once all before it have finished."""

    def __init__(self) -> None:
        self._partitions: dict[int, _Partition] = {}

    def take(self, partition: int, offset: int, deliveries: int = 1) -> None:
        """`offset` was read; it is pending until `finish` was called for each of its deliveries."""
        known = self._partitions.setdefault(partition, _Partition(offset))
        known.next_offset = offset + 1
        if deliveries:
            heapq.heappush(known.pending, offset)
            known.left[offset] = deliveries

    def finish(self, partition: int, offset: int) -> None:
        """A delivery of what stood at `offset` has come to an end."""
        known = self._partitions.get(partition)
        if known is None or offset not in known.left:
            return  # the partition went to somebody else meanwhile
        known.left[offset] -= 1
        if not known.left[offset]:
            del known.left[offset]
            known.finished.add(offset)

    def forget(self, partition: int) -> None:
        """The partition went to somebody else."""
        self._partitions.pop(partition, None)

    def to_commit(self) -> dict[int, int]:
        """By partition the offset to commit, where it has moved since `committed`."""
        moved = {number: known.position() for number, known in self._partitions.items()}
        return {n: offset for n, offset in moved.items() if offset != self._partitions[n].committed}

    def committed(self, offsets: dict[int, int]) -> None:
        """Kafka has these."""
        for partition, offset in offsets.items():
            known = self._partitions.get(partition)
            if known is not None:
                known.committed = offset
