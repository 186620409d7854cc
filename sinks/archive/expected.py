"""What objects of the archive have to be, by what is signed about them: their SHA-256. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sinks.archive.chain_check import Link
from sinks.archive.manifest import Manifest
from sinks.archive.names import Place, manifest_name, seal_name
from sinks.archive.seal import Seal


def expected_digests(
    chains: Mapping[Place, Sequence[Link]], seals: Sequence[Seal], anchors: Mapping[int, str]
) -> dict[str, str]:
    """By the object's name its SHA-256: files by their manifests, manifests and seals by the next of their
    kind and by the seals that cover them, the last seal by what was written down outside.
    """
    said: dict[str, str] = {}
    for place, chain in chains.items():
        said |= dict(_of_chain(place, chain))
    for seal in seals:
        said |= {manifest_name(head.place, head.manifest): head.sha256 for head in seal.heads}
        if seal.number > 1:
            said[seal_name(seal.number - 1)] = seal.previous
    return said | {seal_name(number): digest for number, digest in anchors.items()}


def manifests_by_file(chains: Mapping[Place, Sequence[Link]]) -> dict[str, Manifest]:
    """Each file's manifest, of those that can be believed."""
    known = (link.manifest for chain in chains.values() for link in chain)
    return {manifest.file: manifest for manifest in known if manifest is not None}


def _of_chain(place: Place, chain: Sequence[Link]) -> Iterator[tuple[str, str]]:
    for link in chain:
        if link.manifest is not None:
            yield link.manifest.file, link.manifest.sha256
            if link.manifest.number > 1:
                yield manifest_name(place, link.manifest.number - 1), link.manifest.previous
