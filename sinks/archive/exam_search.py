"""The messages of one exam in the archive: by their key, so every one of them, whatever else says of the
exam.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sinks.archive.chain import Objects
from sinks.archive.chain_check import Link
from sinks.archive.container import read_container
from sinks.archive.errors import ArchiveBroken
from sinks.archive.file_check import living, with_files
from sinks.archive.manifest import Manifest
from sinks.archive.merkle import leaf_hash
from sinks.archive.names import Place
from sinks.archive.proofs import PartitionProofs, Proof, start_of
from sinks.archive.record import ArchivedMessage, decode_all
from sinks.archive.seal import Head, Seal

Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Found:
    """A message of the exam: its record's bytes, its place in the partition's tree, and its proof under the
    seal.

    proof: None where it is newer than the seal.
    """

    place: Place
    message: ArchivedMessage
    record: bytes
    index: int
    proof: Proof | None


def find_exam(
    store: Objects,
    chains: Mapping[Place, Sequence[Link]],
    seal: Seal,
    exam: str,
    *,
    topics: Collection[str],
    tell: Tell,
) -> list[Found]:
    """Every message of the exam in `topics`, with its proof. `exam`: an exam id, or an accession number
    alone.

    The whole archive of these topics is read. Raises ArchiveBroken where a file or a proof is not as it must
    be, ArchiveUnavailable, ObjectMissing.
    """
    heads = {head.place: head for head in seal.heads}
    places = [place for place in sorted(chains) if place.topic in topics]
    total, done = sum(len(living(chains[place])) for place in places), 0
    found: list[Found] = []
    for place in places:
        partition = _Partition(store, place, chains[place], heads.get(place))
        for manifest, content in with_files(store, living(partition.chain)):
            tell("files", done, total)
            done += 1
            found += partition.found(manifest, content, exam)
    tell("files", total, total)
    return found


class _Partition:
    """The messages of one, with their proofs as far as the seal goes."""

    def __init__(self, store: Objects, place: Place, chain: Sequence[Link], head: Head | None) -> None:
        self.chain = chain
        self._place = place
        self._sealed = 0 if head is None else head.tree_size
        self._proofs = None if head is None else PartitionProofs(store, chain, head)

    def found(self, manifest: Manifest, content: bytes | None, exam: str) -> Iterator[Found]:
        """Raises ArchiveBroken."""
        start = start_of(self.chain, manifest)
        for position, message, record in _of_exam(manifest, content, exam):
            index = start + position
            proof = None
            if self._proofs is not None and index < self._sealed:
                proof = self._proofs.proof(index, leaf_hash(record))
            yield Found(self._place, message, record, index, proof)


def _of_exam(
    manifest: Manifest, content: bytes | None, exam: str
) -> Iterator[tuple[int, ArchivedMessage, bytes]]:
    if content is None or sha256(content).hexdigest() != manifest.sha256:
        raise ArchiveBroken(f"{manifest.file} is not what its manifest says: run radstream verify")
    wanted = exam.encode()
    position = 0
    for block in read_container(content)[1]:
        payload = block.payload()
        if wanted in payload:  # most blocks are passed by without reading their records
            for place, (message, record) in enumerate(decode_all(payload, block.count), position):
                if is_of(message.key, exam):
                    yield place, message, record
        position += block.count


def is_of(key: bytes | None, exam: str) -> bool:
    """Whether a message with that key is the exam's."""
    if key is None:
        return False
    known = key.decode("utf-8", "replace")
    return known == exam or ("|" not in exam and known.endswith(f"|{exam}"))
