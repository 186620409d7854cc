"""Objects of the archive that are lost or altered, restored from whoever has the bytes that are signed.

Nothing is believed: what a source gives is taken only where its SHA-256 is the one that a signed document of
the archive, or the witness outside of it, says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path

from runtime.archive import archive_store_config, trusted_keys
from runtime.installation import Installation
from runtime.lag import ARCHIVE_GROUP
from runtime.verifying import witnessed
from sinks.archive.draft import FileDraft
from sinks.archive.errors import ArchiveError, ArchiveUnavailable
from sinks.archive.expected import expected_digests, manifests_by_file
from sinks.archive.findings import Fault
from sinks.archive.keys import trusted
from sinks.archive.log_reader import LogReader
from sinks.archive.manifest import Manifest
from sinks.archive.store import ArchiveStore
from sinks.archive.verification import Span, Tell, verify, walk_chains

_WAIT_S = 5.0
Source = tuple[str, Callable[[], Iterator[bytes]]]
"""What a source is called, and what it has of an object."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """One object that is there again."""

    name: str
    sha256: str
    found_in: str


@dataclass(slots=True)
class Repair:
    """repaired: what is there again, or would be. left: faults that stay, with what was tried."""

    repaired: list[Repaired] = field(default_factory=list)
    left: list[tuple[Fault, str]] = field(default_factory=list)


def repair_archive(
    installation: Installation, directories: Sequence[Path], tell: Tell, *, dry_run: bool
) -> Repair:
    """Restore what can be. A restored manifest shows what is wrong behind it, so it looks until nothing more
    comes of it.

    Raises ArchiveError, StackError.
    """
    done = Repair()
    with closing(ArchiveStore(archive_store_config(installation))) as store:
        while True:
            repaired, left = _one_round(installation, store, directories, tell, dry_run=dry_run)
            new = [one for one in repaired if one not in done.repaired]
            done.repaired += new
            done.left = left
            if dry_run or not new:
                return done


def _one_round(
    installation: Installation, store: ArchiveStore, directories: Sequence[Path], tell: Tell, *, dry_run: bool
) -> tuple[list[Repaired], list[tuple[Fault, str]]]:
    keys, anchors = trusted(store, trusted_keys(installation)), witnessed(installation)
    walked = verify(store, keys, span=Span(), anchors=anchors, tell=tell)
    if not walked.found.faults:
        return [], []
    _, seals = walk_chains(store, keys, anchors, tell)
    expected = expected_digests(walked.chains, seals, anchors)
    files = manifests_by_file(walked.chains)
    repaired: list[Repaired] = []
    left: list[tuple[Fault, str]] = []
    # An object may have several faults; the first says what is wrong with it.
    for name, fault in {fault.name: fault for fault in reversed(walked.found.faults)}.items():
        sources: list[Source] = [
            ("an earlier version in the store", partial(_versions, store, name)),
            *_directories(directories, name),
            ("Kafka", partial(_from_kafka, installation, files.get(name))),
        ]
        found = _first(sources, expected.get(name))
        if found is None:
            left.append((fault, _why_not(sources, expected.get(name))))
            continue
        if not dry_run:
            store.restore(name, found[1])
        repaired.append(Repaired(name, expected[name], found[0]))
    return repaired, left


def _why_not(sources: Sequence[Source], digest: str | None) -> str:
    if digest is None:
        return "nothing signed says what it has to be"
    return f"none has its bytes: {', '.join(name for name, _ in sources)}"


def _first(sources: Sequence[Source], digest: str | None) -> tuple[str, bytes] | None:
    if digest is None:
        return None
    for name, read in sources:
        for content in read():
            if sha256(content).hexdigest() == digest:
                return name, content
    return None


def _versions(store: ArchiveStore, name: str) -> Iterator[bytes]:
    for version in store.versions(name):
        if version is not None:
            try:
                yield store.get_version(name, version)
            except ArchiveError:
                continue  # a mark that it was deleted, or the version is gone


def _directories(directories: Sequence[Path], name: str) -> list[Source]:
    return [(str(one), partial(_file, one / name)) for one in directories]


def _file(path: Path) -> Iterator[bytes]:
    if path.is_file():
        yield path.read_bytes()


def _from_kafka(installation: Installation, manifest: Manifest | None) -> Iterator[bytes]:
    """The file as the archive wrote it: the same messages give the same bytes."""
    if manifest is None:
        return
    draft = FileDraft(manifest.topic, manifest.partition, manifest.first)
    with closing(LogReader(installation.kafka_bootstrap, f"{ARCHIVE_GROUP}-repair")) as reader:
        try:
            low, high = reader.bounds(manifest.place)
            if low > manifest.first or high <= manifest.last:
                return
            reader.read_from({manifest.place: manifest.first})
            while draft.last < manifest.last:
                taken = reader.take(1000, _WAIT_S)
                if not taken:
                    return
                for _, message in taken:
                    if message.offset <= manifest.last:
                        draft.add(message)
                if taken[-1][1].offset >= manifest.last:
                    break
        except ArchiveUnavailable:
            return
    yield draft.content()


def describe(left: Sequence[tuple[Fault, str]]) -> list[Mapping[str, str]]:
    """What stays, and why, as JSON has it."""
    return [{"name": fault.name, "fault": fault.kind.value, "why": why} for fault, why in left]
