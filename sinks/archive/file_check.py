"""The files of one partition, each against its manifest, and the tree that grows over their events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256

from sinks.archive.chain import Objects
from sinks.archive.chain_check import Link
from sinks.archive.container import Coverage, read_container
from sinks.archive.errors import ArchiveBroken
from sinks.archive.fetching import FILES_AHEAD, fetched
from sinks.archive.findings import FaultKind, Findings
from sinks.archive.manifest import Manifest
from sinks.archive.merkle import Tree, leaf_hash, root_of
from sinks.archive.names import Place
from sinks.archive.record import ArchivedMessage, decode_all

OnMessage = Callable[[Place, ArchivedMessage], None]


def living(chain: Sequence[Link]) -> list[Manifest]:
    """The manifests whose files have the partition's messages, in the order of their offsets: of small files
    that were made one, the one.
    """
    known = [link.manifest for link in chain if link.manifest is not None]
    gone = {
        number
        for manifest in known
        if manifest.replaces is not None
        for number in range(manifest.replaces[0], manifest.replaces[1] + 1)
    }
    return sorted((one for one in known if one.number not in gone), key=lambda one: one.first)


def with_files(store: Objects, manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, bytes | None]]:
    """Each manifest with its file; None where that is missing. Raises ArchiveUnavailable."""
    files = fetched(store, (one.file for one in manifests), FILES_AHEAD)
    yield from zip(manifests, files, strict=True)


def check_file(
    chain: Sequence[Link],
    manifest: Manifest,
    content: bytes | None,
    found: Findings,
    on_message: OnMessage,
) -> None:
    """Count the file, and say what is wrong with it: first its bytes, then its events, then the tree over
    them.
    """
    if content is None and found.let_go.get(manifest.file) == manifest.sha256:
        found.expired += 1
        return
    if content is None:
        found.fault(FaultKind.MISSING, manifest.file, "the file is not there", manifest.first)
        return
    found.files += 1
    found.bytes += len(content)
    if sha256(content).hexdigest() != manifest.sha256:
        found.fault(FaultKind.ALTERED, manifest.file, "its SHA-256 is not its manifest's", manifest.first)
        return
    _check_events(chain, manifest, content, found, on_message)


def _check_events(
    chain: Sequence[Link], manifest: Manifest, content: bytes, found: Findings, on_message: OnMessage
) -> None:
    try:
        leaves = _leaves(manifest, content, on_message)
    except ArchiveBroken as error:
        found.broken(manifest.file, error, manifest.first)
        return
    found.events += len(leaves)
    absent = manifest.last - manifest.first + 1 - len(leaves)
    if absent:
        found.absent[manifest.topic] = found.absent.get(manifest.topic, 0) + absent
    if not _grows(chain, manifest, leaves):
        found.fault(
            FaultKind.EVENTS, manifest.file, "the tree does not follow from its events", manifest.first
        )


def _leaves(manifest: Manifest, content: bytes, on_message: OnMessage) -> list[bytes]:
    """The leaf hashes of a file whose events are where its manifest says. Raises ArchiveBroken."""
    coverage, blocks = read_container(content)
    place = manifest.place
    if coverage != Coverage(*place, manifest.first, manifest.last):
        raise ArchiveBroken(f"it says that it has {coverage.first}-{coverage.last} of {coverage.topic}")
    leaves: list[bytes] = []
    offset, earliest_ms, latest_ms = manifest.first - 1, -1, -1
    for block in blocks:
        for message, record in decode_all(block.payload(), block.count):
            if message[0] <= offset:
                raise ArchiveBroken(f"offset {message[0]} stands behind {offset}")
            offset, stamp = message[0], message[1]
            latest_ms = max(latest_ms, stamp)
            if stamp >= 0 and (stamp < earliest_ms or earliest_ms < 0):
                earliest_ms = stamp
            leaves.append(leaf_hash(record))
            on_message(place, message)
    said = (manifest.last, manifest.events, manifest.earliest_ms, manifest.latest_ms)
    if (offset, len(leaves), earliest_ms, latest_ms) != said:
        raise ArchiveBroken("its events are not those that its manifest counts")
    return leaves


def _grows(chain: Sequence[Link], manifest: Manifest, leaves: Sequence[bytes]) -> bool:
    """Whether the trees of all manifests that these events belong to follow from them."""
    if root_of(leaves).hex() != manifest.events_root:
        return False
    first, last = manifest.replaces or (manifest.number, manifest.number)
    at = 0
    for number in range(first, last + 1):
        said = chain[number - 1].manifest
        before = _tree_before(chain, number)
        if said is None or before is None:
            return True  # what is wrong there was said already
        if said.replaces is not None:
            continue
        tree, nodes = before.extended(leaves[at : at + said.events])
        at += said.events
        if tree != said.tree or tuple(nodes) != said.nodes:
            return False
    return at == len(leaves)


def _tree_before(chain: Sequence[Link], number: int) -> Tree | None:
    if number == 1:
        return Tree()
    before = chain[number - 2].manifest
    return None if before is None else before.tree
