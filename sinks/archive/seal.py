"""Seals: what the archive had at an instant, over all partitions, under one signature. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from sinks.archive.errors import ArchiveBroken
from sinks.archive.manifest import Manifest
from sinks.archive.merkle import leaf_hash, root_of
from sinks.archive.names import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The last manifest of a partition, its digest, and the tree over the partition's events."""

    topic: str
    partition: int
    manifest: int
    sha256: str
    next_offset: int
    tree_size: int
    tree_root: str

    @property
    def place(self) -> Place:
        """The partition."""
        return Place(self.topic, self.partition)

    @classmethod
    def after(cls, manifest: Manifest, digest: str) -> Head:
        """The head where `manifest` is the last."""
        return cls(
            topic=manifest.topic,
            partition=manifest.partition,
            manifest=manifest.number,
            sha256=digest,
            next_offset=manifest.next_offset,
            tree_size=manifest.tree.size,
            tree_root=manifest.tree.root().hex(),
        )

    def body(self) -> dict[str, Any]:
        """As JSON has it."""
        return {name: getattr(self, name) for name in _HEAD}


_HEAD = ("topic", "partition", "manifest", "sha256", "next_offset", "tree_size", "tree_root")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The heads of all partitions. number: 1, 2, 3, …; previous: SHA-256 of the seal before; sealed_at:
    UTC.
    """

    number: int
    previous: str
    sealed_at: datetime
    heads: tuple[Head, ...]

    def root(self) -> str:
        """Merkle root over the heads, which stand in the order of topic and partition."""
        return root_of(leaf_hash(orjson.dumps(head.body())) for head in self.heads).hex()

    def body(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "number": self.number,
            "previous": self.previous,
            "sealed_at": self.sealed_at.astimezone(UTC).isoformat(),
            "root": self.root(),
            "heads": [head.body() for head in self.heads],
        }


def in_order(heads: Iterable[Head]) -> tuple[Head, ...]:
    """The heads as a seal has them."""
    return tuple(sorted(heads, key=lambda head: head.place))


def seal_of(body: Mapping[str, Any]) -> Seal:
    """The seal that a document's body says. Raises ArchiveBroken."""
    try:
        seal = Seal(
            number=body["number"],
            previous=body["previous"],
            sealed_at=datetime.fromisoformat(body["sealed_at"]),
            heads=tuple(Head(**{name: head[name] for name in _HEAD}) for head in body["heads"]),
        )
        if seal.root() != body["root"]:
            raise ArchiveBroken("its root does not follow from its heads")
    except (KeyError, TypeError, ValueError) as error:
        raise ArchiveBroken("the seal lacks what a seal has") from error
    return seal
