"""The whole archive, walked: keys, seals, chains, files, events."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sinks.archive.chain import Objects
from sinks.archive.chain_check import Link, read_chain
from sinks.archive.expiry import read_expired
from sinks.archive.file_check import OnMessage, check_file, living, with_files
from sinks.archive.findings import Findings
from sinks.archive.manifest import Manifest
from sinks.archive.names import FILES, MANIFESTS, SEALS, Place, number_in, parse_file_name
from sinks.archive.record import ArchivedMessage
from sinks.archive.seal import Seal
from sinks.archive.seal_check import Anchors, check_heads, read_seals
from sinks.archive.signing import PublicKeys

Tell = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which files are read: those with a message of this time, ms since the epoch, the end exclusive. None:
    all.

    The chain and the seals are always walked whole.
    """

    from_ms: int | None = None
    until_ms: int | None = None

    def concerns(self, manifest: Manifest) -> bool:
        """Whether the file may have such a message."""
        if manifest.latest_ms < 0:
            return True
        if self.from_ms is not None and manifest.latest_ms < self.from_ms:
            return False
        return self.until_ms is None or manifest.earliest_ms < self.until_ms


@dataclass(frozen=True, slots=True)
class Walked:
    """The chains by partition, as far as they can be believed, and what was found."""

    chains: Mapping[Place, Sequence[Link]]
    found: Findings = field(default_factory=Findings)


def walk_chains(
    store: Objects, keys: PublicKeys, anchors: Anchors, tell: Tell
) -> tuple[Walked, Sequence[Seal]]:
    """Every seal and every manifest; the seals that can be believed. Raises ArchiveUnavailable."""
    found = Findings()
    # Seals before manifests: one that is written meanwhile would cover manifests that were not seen.
    seal_names = [number_in(name) for name in store.names(SEALS)]
    seals = read_seals(store, max(seal_names, default=0), keys, anchors, found)
    lengths = _lengths(store)
    for head in seals[-1].heads if seals else ():
        lengths.setdefault(head.place, 0)
    total = sum(lengths.values())
    chains: dict[Place, Sequence[Link]] = {}
    for place, length in sorted(lengths.items()):
        tell("manifests", sum(len(chain) for chain in chains.values()), total)
        chains[place] = read_chain(store, place, length, keys, found)
    tell("manifests", total, total)
    check_heads(seals, chains, found)
    return Walked(chains, found), seals


def verify(
    store: Objects,
    keys: PublicKeys,
    *,
    span: Span,
    anchors: Anchors,
    tell: Tell,
    on_message: OnMessage | None = None,
) -> Walked:
    """Walk the chains, then every file that `span` concerns. Raises ArchiveUnavailable."""
    files = list(store.names(FILES))  # before the manifests: what is archived meanwhile is no stranger
    walked, _ = walk_chains(store, keys, anchors, tell)
    wanted = {place: list(filter(span.concerns, living(chain))) for place, chain in walked.chains.items()}
    total, done = sum(map(len, wanted.values())), 0
    walked.found.let_go = read_expired(store, keys, walked.found)
    for place, manifests in wanted.items():
        for manifest, content in with_files(store, manifests):
            chain = walked.chains[place]
            check_file(chain, manifest, content, walked.found, on_message or _nothing)
            done += 1
            tell("files", done, total)
    walked.found.strangers = _strangers(files, walked.chains)
    return walked


def _lengths(store: Objects) -> dict[Place, int]:
    """By partition the highest number of a manifest."""
    lengths: dict[Place, int] = {}
    for name in store.names(MANIFESTS):
        topic, _, partition = name.removeprefix(MANIFESTS).rpartition("/")[0].rpartition("/")
        if partition.isdigit():
            place = Place(topic, int(partition))
            lengths[place] = max(lengths.get(place, 0), number_in(name))
    return lengths


def _strangers(files: Sequence[str], chains: Mapping[Place, Sequence[Link]]) -> list[str]:
    """Files that no manifest names, but for the one that the archive may be about to name."""
    known = [link.manifest for chain in chains.values() for link in chain if link.manifest]
    named = {manifest.file for manifest in known}
    ends: dict[Place, int] = {}
    for manifest in known:
        ends[manifest.place] = manifest.next_offset
    return [name for name in files if name not in named and not _is_next(name, ends)]


def _is_next(name: str, ends: Mapping[Place, int]) -> bool:
    found = parse_file_name(name)
    return found is not None and found.first == ends.get(found.place, 0)


def _nothing(_place: Place, _message: ArchivedMessage) -> None:
    """Nobody wants the messages."""
