"""The next file of a partition, while it grows: pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from sinks.archive.container import BLOCK_BYTES, Block, Coverage, block_of, container, messages_in
from sinks.archive.errors import ArchiveBroken
from sinks.archive.merkle import leaf_hash, root_of
from sinks.archive.record import ArchivedMessage, encode


@dataclass(slots=True)
class FileDraft:
    """Messages of one partition from offset `first` on. `leaves` are their leaf hashes, `size_bytes` their
    size.

    Blocks are compressed as soon as they are full, so a draft is small in memory.
    """

    topic: str
    partition: int
    first: int
    leaves: list[bytes] = field(default_factory=list)
    size_bytes: int = 0
    last: int = -1
    earliest_ms: int = -1
    latest_ms: int = -1
    _blocks: list[Block] = field(default_factory=list)
    _open: list[bytes] = field(default_factory=list)
    _open_bytes: int = 0

    def add(self, message: ArchivedMessage) -> None:
        """One more message, with a higher offset than the one before."""
        record = encode(message)
        self.leaves.append(leaf_hash(record))
        self.last = message.offset
        stamp = message.timestamp_ms
        self.latest_ms = max(self.latest_ms, stamp)
        if stamp >= 0 and (stamp < self.earliest_ms or self.earliest_ms < 0):
            self.earliest_ms = stamp
        self._open.append(record)
        self._open_bytes += len(record)
        self.size_bytes += len(record)
        if self._open_bytes >= BLOCK_BYTES:
            self._blocks.append(block_of(self._open))
            self._open, self._open_bytes = [], 0

    @property
    def coverage(self) -> Coverage:
        """What the file has as it is now."""
        return Coverage(self.topic, self.partition, self.first, self.last)

    def events_root(self) -> bytes:
        """The root over this file's events alone."""
        return root_of(self.leaves)

    def content(self) -> bytes:
        """The file as it is now; more may be added after."""
        rest = [block_of(self._open)] if self._open else []
        return container(self.coverage, self.events_root(), [*self._blocks, *rest])

    def has_the_events_of(self, stored: bytes) -> bool:
        """Whether a file has the draft's events; another version of zstandard may have compressed it."""
        if stored == self.content():
            return True
        try:
            return [leaf_hash(record) for _, record in messages_in(stored)] == self.leaves
        except ArchiveBroken:
            return False
