"""The manifests of one partition, each against its signature and the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sinks.archive.chain import Objects
from sinks.archive.errors import ArchiveBroken
from sinks.archive.fetching import DOCUMENTS_AHEAD, fetched
from sinks.archive.findings import FaultKind, Findings
from sinks.archive.manifest import NONE_BEFORE, Manifest, digest_of, manifest_of
from sinks.archive.names import Place, manifest_name
from sinks.archive.signing import MANIFEST, PublicKeys, opened


@dataclass(frozen=True, slots=True)
class Link:
    """One number of a chain: the digest of the document, and the manifest; None where there is none to
    believe.
    """

    digest: str
    manifest: Manifest | None


def read_chain(store: Objects, place: Place, length: int, keys: PublicKeys, found: Findings) -> list[Link]:
    """The chain's first `length` manifests; what is wrong with them goes to `found`. Raises
    ArchiveUnavailable.
    """
    links: list[Link] = []
    names = [manifest_name(place, number) for number in range(1, length + 1)]
    for number, document in enumerate(fetched(store, names, DOCUMENTS_AHEAD), start=1):
        link = _read(place, number, document, keys, found)
        if link.manifest is not None:
            _check_link(links, link.manifest, manifest_name(place, number), found)
        links.append(link)
    return links


def _read(place: Place, number: int, document: bytes | None, keys: PublicKeys, found: Findings) -> Link:
    name = manifest_name(place, number)
    if document is None:
        found.fault(FaultKind.MISSING, name, "the manifest is not there")
        return Link("", None)
    found.manifests += 1
    try:
        manifest = manifest_of(opened(MANIFEST, document, keys))
    except ArchiveBroken as error:
        found.broken(name, error)
        return Link(digest_of(document), None)
    if (manifest.place, manifest.number) != (place, number):
        found.fault(FaultKind.ORDER, name, f"it is manifest {manifest.number} of {manifest.place}")
        return Link(digest_of(document), None)
    if manifest.lost is not None:
        found.lost.append(f"{place}: {manifest.lost[0]}-{manifest.lost[1]}")
    return Link(digest_of(document), manifest)


def _check_link(before: Sequence[Link], manifest: Manifest, name: str, found: Findings) -> None:
    """Whether the manifest goes on where the one before ended. What cannot be believed was said already."""
    last = before[-1] if before else Link(NONE_BEFORE, None)
    if not last.digest or (before and last.manifest is None):
        return
    if manifest.previous != last.digest:
        found.fault(FaultKind.ORDER, name, "the digest of the manifest before is another", manifest.first)
        return
    next_offset = last.manifest.next_offset if last.manifest else 0
    size = last.manifest.tree.size if last.manifest else 0
    if manifest.replaces is not None:
        goes_on = (manifest.next_offset, manifest.tree.size) == (next_offset, size)
    else:
        begins = manifest.lost[0] if manifest.lost else manifest.first
        goes_on = (begins, manifest.tree.size) == (next_offset, size + manifest.events)
    if not goes_on:
        found.fault(FaultKind.ORDER, name, "it does not go on where the one before ended", manifest.first)
