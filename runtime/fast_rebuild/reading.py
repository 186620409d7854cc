"""The archive's files of one partition, a wave of them at a time, and single messages of them once more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np

from sinks.archive.container import Block, Coverage, read_container
from sinks.archive.errors import ArchiveBroken, ObjectMissing
from sinks.archive.fetching import FILES_AHEAD, Readable, fetched
from sinks.archive.manifest import Manifest
from sinks.archive.side_by_side import Records, records_of
from sinks.clickhouse.columnar.cursor import Places

# Blocks that are read side by side: more of them are cheaper, and take more memory (256 KB each).
_BLOCKS_AT_ONCE = 600


@dataclass(slots=True)
class _Places:
    """Where the value of each record stands: in which block of the partition, and where in it."""

    blocks: list[Places] = field(default_factory=list)
    starts: list[Places] = field(default_factory=list)
    ends: list[Places] = field(default_factory=list)

    def add(self, records: Records, first_block: int) -> None:
        begins = records.heap.starts[records.blocks]
        self.blocks.append(records.blocks + first_block)
        self.starts.append(records.values.starts - begins)
        self.ends.append(records.values.ends - begins)


class PartitionFiles:
    """Reads each file once, and the files of single messages again. One thread."""

    def __init__(self, store: Readable, manifests: Sequence[Manifest], *, verify: bool) -> None:
        """`manifests`: of the files that have the partition's messages. verify: whether to check digests."""
        self._store = store
        self._manifests = manifests
        self._verify = verify
        self._first_blocks: list[int] = []
        self._places = _Places()

    def waves(self) -> Iterator[Records]:
        """All records, in their order, some files at a time.

        Raises ArchiveBroken where a file is not what its manifest says, ArchiveUnavailable, ObjectMissing.
        """
        blocks: list[Block] = []
        read = 0
        for manifest, content in self._files(self._manifests):
            self._first_blocks.append(read + len(blocks))
            blocks += self._blocks(manifest, content)
            if len(blocks) >= _BLOCKS_AT_ONCE:
                yield self._records(blocks, read)
                read, blocks = read + len(blocks), []
        if blocks:
            yield self._records(blocks, read)

    def values(self, rows: Places) -> Iterator[tuple[int, bytes]]:
        """Of the records that `waves` gave, the values of those called `rows`, each with its place in `rows`.

        Raises as `waves`.
        """
        blocks, starts, ends = (
            np.concatenate(part)[rows]
            for part in (self._places.blocks, self._places.starts, self._places.ends)
        )
        wanted = np.unique(blocks)
        files = np.searchsorted(self._first_blocks, wanted, side="right") - 1
        by_block = np.argsort(blocks, kind="stable")
        firsts = np.searchsorted(blocks[by_block], wanted)
        groups = iter(np.split(by_block, firsts[1:]))
        manifests = [self._manifests[number] for number in np.unique(files)]
        for number, (manifest, content) in zip(np.unique(files), self._files(manifests), strict=True):
            found = self._blocks(manifest, content)
            for block in wanted[files == number]:
                payload = found[block - self._first_blocks[number]].payload()
                for row in next(groups):
                    yield int(row), payload[starts[row] : ends[row]]

    def _records(self, blocks: Sequence[Block], first_block: int) -> Records:
        records = records_of(blocks)
        self._places.add(records, first_block)
        return records

    def _files(self, manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, bytes]]:
        contents = fetched(self._store, (one.file for one in manifests), FILES_AHEAD)
        for manifest, content in zip(manifests, contents, strict=True):
            if content is None:
                raise ObjectMissing(f"the object store has no {manifest.file}")
            if self._verify and sha256(content).hexdigest() != manifest.sha256:
                raise ArchiveBroken(f"{manifest.file} is not the file that its manifest names")
            yield manifest, content

    def _blocks(self, manifest: Manifest, content: bytes) -> list[Block]:
        coverage, blocks = read_container(content)
        if coverage != Coverage(*manifest.place, manifest.first, manifest.last):
            raise ArchiveBroken(f"{manifest.file} has other offsets than its manifest says")
        if sum(block.count for block in blocks) != manifest.events:
            raise ArchiveBroken(f"{manifest.file} has not the {manifest.events} events of its manifest")
        return blocks
