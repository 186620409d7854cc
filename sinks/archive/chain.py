"""The manifests of one partition, as the store has them: where the chain ends, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from sinks.archive.draft import FileDraft
from sinks.archive.errors import ArchiveBroken, ChainMoved
from sinks.archive.manifest import NONE_BEFORE, Manifest, digest_of, manifest_of
from sinks.archive.merkle import Tree
from sinks.archive.names import Place, file_name, manifest_name, manifests_of, number_in
from sinks.archive.signing import MANIFEST, PublicKeys, Signer, opened


class Objects(Protocol):
    """A bucket (`sinks.archive.store.ArchiveStore`)."""

    def put(self, name: str, content: bytes) -> bytes:
        """What the store has under that name after."""

    def get(self, name: str) -> bytes:
        """The object. Raises ObjectMissing."""

    def names(self, prefix: str, after: str | None = None) -> Iterator[str]:
        """The objects under `prefix`, in order."""


@dataclass(frozen=True, slots=True)
class ChainEnd:
    """Where a chain ends: its last manifest, None before the first, and that manifest's digest."""

    manifest: Manifest | None = None
    digest: str = NONE_BEFORE

    @property
    def next_offset(self) -> int:
        """Where the partition goes on."""
        return 0 if self.manifest is None else self.manifest.next_offset

    @property
    def tree(self) -> Tree:
        """The tree so far."""
        return Tree() if self.manifest is None else self.manifest.tree

    @property
    def next_number(self) -> int:
        """The number of the next manifest."""
        return 1 if self.manifest is None else self.manifest.number + 1


def read_end(store: Objects, place: Place, keys: PublicKeys) -> ChainEnd:
    """The end of the chain, its last manifest's signature checked.

    Raises ArchiveBroken where a manifest is missing or is not what it should be.
    """
    names = list(store.names(manifests_of(place)))
    if not names:
        return ChainEnd()
    last = number_in(names[-1])
    if last != len(names):
        raise ArchiveBroken(f"{place}: {len(names)} manifests, and the last has the number {last}")
    document = store.get(names[-1])
    manifest = manifest_of(opened(MANIFEST, document, keys))
    if (manifest.place, manifest.number) != (place, last):
        raise ArchiveBroken(f"{names[-1]} is another manifest")
    return ChainEnd(manifest, digest_of(document))


def write_manifest(store: Objects, signer: Signer, manifest: Manifest) -> ChainEnd:
    """The manifest in the store, and the chain with it. Raises ChainMoved where its place is taken by
    another.
    """
    document = signer.signed(MANIFEST, manifest.body())
    name = manifest_name(manifest.place, manifest.number)
    if store.put(name, document) != document:
        raise ChainMoved(name)
    return ChainEnd(manifest, digest_of(document))


def manifest_after(
    end: ChainEnd, draft: FileDraft, stored: bytes, *, topic_id: str, lost: tuple[int, int] | None
) -> Manifest:
    """The manifest of `draft`, which the store has as `stored`."""
    tree, nodes = end.tree.extended(draft.leaves)
    place = Place(draft.topic, draft.partition)
    return Manifest(
        number=end.next_number,
        previous=end.digest,
        topic=draft.topic,
        topic_id=topic_id,
        partition=draft.partition,
        first=draft.first,
        last=draft.last,
        next_offset=draft.last + 1,
        lost=lost,
        events=len(draft.leaves),
        earliest_ms=draft.earliest_ms,
        latest_ms=draft.latest_ms,
        file=file_name(place, draft.first, draft.last),
        sha256=sha256(stored).hexdigest(),
        size_bytes=len(stored),
        events_root=draft.events_root().hex(),
        tree=tree,
        nodes=tuple(nodes),
    )
