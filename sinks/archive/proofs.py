"""Proofs that an event is under a sealed root, made from one file and the nodes that the manifests keep."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from sinks.archive.chain import Objects
from sinks.archive.chain_check import Link
from sinks.archive.container import messages_in
from sinks.archive.errors import ArchiveBroken
from sinks.archive.file_check import living
from sinks.archive.manifest import Manifest
from sinks.archive.merkle import KEPT_LEVEL, inclusion_path, leaf_hash, root_from_path, root_of
from sinks.archive.seal import Head

_FILES_KEPT = 4


@dataclass(frozen=True, slots=True)
class Proof:
    """That the leaf at `index` is in the tree of `size` leaves: the siblings from the leaf up."""

    index: int
    size: int
    path: tuple[bytes, ...]


class PartitionProofs:
    """Proofs for one partition, against one sealed head of it."""

    def __init__(self, store: Objects, chain: Sequence[Link], head: Head) -> None:
        """`chain` must be without faults up to the head."""
        self._store = store
        self._head = head
        self._files = living(chain)
        self._starts = [start_of(chain, manifest) for manifest in self._files]
        self._nodes = {
            (node.level, node.position): node.digest
            for link in chain
            if link.manifest is not None
            for node in link.manifest.nodes
        }
        self._leaves_of = lru_cache(_FILES_KEPT)(self._read_leaves)

    def proof(self, index: int, leaf: bytes) -> Proof:
        """The proof of the leaf at `index`, which was tried. Raises ArchiveBroken, ArchiveUnavailable."""
        path = inclusion_path(index, self._head.tree_size, self._node)
        if root_from_path(leaf, index, self._head.tree_size, path).hex() != self._head.tree_root:
            raise ArchiveBroken(f"{self._head.place}: event {index} is not under the sealed root")
        return Proof(index, self._head.tree_size, tuple(path))

    def _node(self, level: int, position: int) -> bytes:
        if level < KEPT_LEVEL:
            return root_of(self._leaves(position << level, position + 1 << level))
        try:
            return self._nodes[level, position]
        except KeyError:
            raise ArchiveBroken(f"{self._head.place}: no manifest has node {level}/{position}") from None

    def _leaves(self, first: int, end: int) -> list[bytes]:
        """The leaf hashes from `first` to before `end`, from as many files as they are in."""
        found: list[bytes] = []
        at = bisect_right(self._starts, first) - 1
        while len(found) < end - first:
            if at >= len(self._files):
                raise ArchiveBroken(f"{self._head.place}: there is no event {first + len(found)}")
            start = first + len(found) - self._starts[at]
            found += self._leaves_of(at)[start : start + end - first - len(found)]
            at += 1
        return found

    def _read_leaves(self, at: int) -> list[bytes]:
        content = self._store.get(self._files[at].file)
        if sha256(content).hexdigest() != self._files[at].sha256:
            raise ArchiveBroken(f"{self._files[at].file} is not what its manifest says")
        return [leaf_hash(record) for _, record in messages_in(content)]


def start_of(chain: Sequence[Link], manifest: Manifest) -> int:
    """The place in the tree of a file's first event. Raises ArchiveBroken."""
    if manifest.replaces is None:
        return manifest.tree.size - manifest.events
    first = chain[manifest.replaces[0] - 1].manifest
    if first is None:
        raise ArchiveBroken(f"{manifest.file}: the manifest of its first part cannot be believed")
    return first.tree.size - first.events
