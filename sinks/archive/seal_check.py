"""The seals, each against its signature, the one before, and the chains that it covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sinks.archive.chain import Objects
from sinks.archive.chain_check import Link
from sinks.archive.errors import ArchiveBroken
from sinks.archive.fetching import DOCUMENTS_AHEAD, fetched
from sinks.archive.findings import FaultKind, Findings
from sinks.archive.manifest import NONE_BEFORE, digest_of
from sinks.archive.names import Place, manifest_name, manifests_of, seal_name
from sinks.archive.seal import Head, Seal, seal_of
from sinks.archive.signing import SEAL, PublicKeys, opened

Anchors = Mapping[int, str]
"""Digests of seals that were written down outside of the archive, by the seals' numbers."""


def read_seals(
    store: Objects, length: int, keys: PublicKeys, anchors: Anchors, found: Findings
) -> list[Seal]:
    """The seals 1 to `length` that can be believed. Raises ArchiveUnavailable."""
    seals: list[Seal] = []
    before: str | None = NONE_BEFORE
    names = [seal_name(number) for number in range(1, max(length, *anchors, 0) + 1)]
    documents = fetched(store, names, DOCUMENTS_AHEAD)
    for number, (name, document) in enumerate(zip(names, documents, strict=True), start=1):
        if document is None:
            kind = FaultKind.TRUNCATED if number > length else FaultKind.MISSING
            found.fault(kind, name, "the seal is not there")
            before = None
            continue
        digest = digest_of(document)
        seal = _opened(name, number, document, keys, found)
        if seal is not None:
            if before is not None and seal.previous != before:
                found.fault(FaultKind.ORDER, name, "the digest of the seal before is another")
            seals.append(seal)
            found.last_seal = f"{number}:{digest}"
        if anchors.get(number, digest) != digest:
            found.fault(FaultKind.ALTERED, name, "it is not the seal whose digest was written down")
        before = digest
    return seals


def _opened(name: str, number: int, document: bytes, keys: PublicKeys, found: Findings) -> Seal | None:
    found.seals += 1
    try:
        seal = seal_of(opened(SEAL, document, keys))
    except ArchiveBroken as error:
        found.broken(name, error)
        return None
    if seal.number != number:
        found.fault(FaultKind.ORDER, name, f"it is seal {seal.number}")
        return None
    return seal


def check_heads(seals: Sequence[Seal], chains: Mapping[Place, Sequence[Link]], found: Findings) -> None:
    """Whether each chain is still the one that was sealed. A chain's fault is said once."""
    faulty: set[Place] = set()
    for seal in seals:
        for head in seal.heads:
            if head.place not in faulty and not _is_there(head, chains.get(head.place, ()), seal, found):
                faulty.add(head.place)
    last = {head.place: head.manifest for head in seals[-1].heads} if seals else {}
    found.unsealed = sum(max(0, len(chain) - last.get(place, 0)) for place, chain in chains.items())


def _is_there(head: Head, chain: Sequence[Link], seal: Seal, found: Findings) -> bool:
    name = manifest_name(head.place, head.manifest)
    if head.manifest > len(chain):
        what = f"seal {seal.number} covers {head.manifest} manifests under {manifests_of(head.place)}, "
        offset = next((link.manifest.next_offset for link in reversed(chain) if link.manifest), 0)
        found.fault(FaultKind.TRUNCATED, name, what + f"there are {len(chain)}", offset)
        return False
    link = chain[head.manifest - 1]
    if link.digest not in ("", head.sha256):
        found.fault(FaultKind.ALTERED, name, f"it is not the one that seal {seal.number} covers")
        return False
    return True
