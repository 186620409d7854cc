"""Merkle trees as RFC 9162 (and 6962 before it) section 2.1 has them: hashes, roots, inclusion proofs.

A tree is over all events of a partition, in the order of their offsets. So its root says nothing of files:
however the log was cut, and whatever small files were made one, the root is the same and every proof still
holds.

A tree that grows needs only its peaks, the roots of the complete subtrees at its left, largest first. The
roots of complete subtrees of 2^8 events and more are kept in the manifests: a proof needs no more than them
and one file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

from sinks.archive.errors import ArchiveBroken

KEPT_LEVEL = 8
_LEAF, _NODE = b"\x00", b"\x01"


class Node(NamedTuple):
    """A complete subtree: over the 2^level leaves from `position * 2^level` on."""

    level: int
    position: int
    digest: bytes


NodeAt = Callable[[int, int], bytes]
"""The hash of the complete subtree of that level and index."""


def leaf_hash(content: bytes) -> bytes:
    """The hash of one leaf; what is hashed first keeps it from being taken for a node."""
    return sha256(_LEAF + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return sha256(_NODE + left + right).digest()


@dataclass(frozen=True, slots=True)
class Tree:
    """A tree of `size` leaves by its peaks: one for each bit of `size`, the largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        """Raises ArchiveBroken where there are not as many peaks as there must be."""
        if self.size < 0 or len(self.peaks) != self.size.bit_count():
            raise ArchiveBroken(f"a tree of {self.size} events cannot have {len(self.peaks)} peaks")

    def root(self) -> bytes:
        """The root: of the empty tree, the hash of nothing."""
        if not self.peaks:
            return sha256(b"").digest()
        root = self.peaks[-1]
        for peak in self.peaks[-2::-1]:
            root = node_hash(peak, root)
        return root

    def extended(self, leaves: Iterable[bytes]) -> tuple[Tree, list[Node]]:
        """The tree with more leaves, and the complete subtrees of `KEPT_LEVEL` and above that they
        completed.
        """
        peaks, size, made = list(self.peaks), self.size, []
        for leaf in leaves:
            node, level, index = leaf, 0, size
            while index & 1:
                node = sha256(_NODE + peaks.pop() + node).digest()
                level += 1
                index >>= 1
                if level >= KEPT_LEVEL:
                    made.append(Node(level, index, node))
            peaks.append(node)
            size += 1
        return Tree(size, tuple(peaks)), made


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root of a tree of its own over these leaf hashes."""
    return Tree().extended(leaves)[0].root()


def inclusion_path(index: int, size: int, node_at: NodeAt) -> list[bytes]:
    """The siblings from the leaf at `index` up to the root of the tree of `size` leaves."""
    if not 0 <= index < size:
        raise IndexError(f"leaf {index} of {size}")
    path: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _left_size(high - low)
        if index < middle:
            path.append(_subtree(middle, high, node_at))
            high = middle
        else:
            path.append(_subtree(low, middle, node_at))
            low = middle
    return path[::-1]


def root_from_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """The root that the path leads to (RFC 9162, 2.1.3.2). Raises ArchiveBroken where it leads nowhere."""
    if not 0 <= index < size:
        raise ArchiveBroken(f"leaf {index} of {size}")
    first, last, node = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ArchiveBroken("the path is too long")
        if first & 1 or first == last:
            node = node_hash(sibling, node)
            while not first & 1 and first:
                first >>= 1
                last >>= 1
        else:
            node = node_hash(node, sibling)
        first >>= 1
        last >>= 1
    if last:
        raise ArchiveBroken("the path is too short")
    return node


def _subtree(low: int, high: int, node_at: NodeAt) -> bytes:
    """The root over the leaves from `low` to before `high`, where `low` is a multiple of its left part's
    size.
    """
    size = high - low
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node_at(level, low >> level)
    middle = low + _left_size(size)
    return node_hash(_subtree(low, middle, node_at), _subtree(middle, high, node_at))


def _left_size(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
