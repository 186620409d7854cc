"""Manifests: one for each file of a partition, each with the SHA-256 of the one before. Pure.

No time of the archiver's own clock stands in it: the same messages give the same manifest, byte for byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from sinks.archive.errors import ArchiveBroken
from sinks.archive.merkle import Node, Tree
from sinks.archive.names import Place

NONE_BEFORE = "0" * 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What stands in the archive of one partition after one more file.

    number: 1, 2, 3, … in its partition. previous: SHA-256 of the manifest before, as it is stored.
    first, last: the offsets that the file covers; Kafka had none between them but those in it.
    lost: offsets before `first` that Kafka had deleted before they were archived (first, last), or None.
    earliest_ms, latest_ms: the range of Kafka's timestamps in it; -1 where no message has one.
    file, sha256, size_bytes: the object. events_root: Merkle root over the file's events alone.
    tree: over all events of the partition so far. nodes: complete subtrees that this file completed.
    replaces: manifests (from, to) whose files this file has the messages of, where it was made of small ones;
        the tree is then the one before. next_offset: where the partition goes on.
    """

    number: int
    previous: str
    topic: str
    topic_id: str
    partition: int
    first: int
    last: int
    next_offset: int
    lost: tuple[int, int] | None
    events: int
    earliest_ms: int
    latest_ms: int
    file: str
    sha256: str
    size_bytes: int
    events_root: str
    tree: Tree
    nodes: tuple[Node, ...] = field(repr=False)
    replaces: tuple[int, int] | None = None

    @property
    def place(self) -> Place:
        """The partition."""
        return Place(self.topic, self.partition)

    def body(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "number": self.number,
            "previous": self.previous,
            "topic": self.topic,
            "topic_id": self.topic_id,
            "partition": self.partition,
            "first": self.first,
            "last": self.last,
            "next_offset": self.next_offset,
            "lost": self.lost,
            "events": self.events,
            "earliest_ms": self.earliest_ms,
            "latest_ms": self.latest_ms,
            "file": self.file,
            "sha256": self.sha256,
            "size_bytes": self.size_bytes,
            "events_root": self.events_root,
            "tree_size": self.tree.size,
            "tree_root": self.tree.root().hex(),
            "tree_peaks": [peak.hex() for peak in self.tree.peaks],
            "nodes": [[node.level, node.position, node.digest.hex()] for node in self.nodes],
            "replaces": self.replaces,
        }


def digest_of(document: bytes) -> str:
    """SHA-256 of a document as it is stored."""
    return sha256(document).hexdigest()


def manifest_of(body: Mapping[str, Any]) -> Manifest:
    """The manifest that a document's body says. Raises ArchiveBroken."""
    try:
        tree = Tree(int(body["tree_size"]), tuple(bytes.fromhex(peak) for peak in body["tree_peaks"]))
        if tree.root().hex() != body["tree_root"]:
            raise ArchiveBroken("its tree's root does not follow from its peaks")
        plain = {name: body[name] for name in _PLAIN}
        return Manifest(
            **plain,
            lost=_pair(body["lost"]),
            replaces=_pair(body["replaces"]),
            tree=tree,
            nodes=tuple(
                Node(level, position, bytes.fromhex(node)) for level, position, node in body["nodes"]
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ArchiveBroken("the manifest lacks what a manifest has") from error


_PLAIN = (
    *("number", "previous", "topic", "topic_id", "partition", "first", "last", "next_offset", "events"),
    *("earliest_ms", "latest_ms", "file", "sha256", "size_bytes", "events_root"),
)


def _pair(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    first, last = value
    return int(first), int(last)
