"""Small files made one: a quiet partition writes a file whenever its first message has waited long enough.

The tree is over events, so no proof changes: the file that has all of them is said by one more manifest, and
those of the small files stay in the chain. The small files stay, too, for as long as their locks hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

import structlog

from sinks.archive.chain import ChainEnd, Objects, write_manifest
from sinks.archive.config import FileLimits
from sinks.archive.container import messages_in
from sinks.archive.draft import FileDraft
from sinks.archive.errors import ArchiveBroken
from sinks.archive.manifest import Manifest, manifest_of
from sinks.archive.names import file_name, manifest_name
from sinks.archive.signing import MANIFEST, PublicKeys, Signer, opened

log = structlog.get_logger(__name__)
EVERY = 64
"""Manifests between two looks at what can be made one."""
_FEWEST = 8


def compacted(
    store: Objects, signer: Signer, keys: PublicKeys, end: ChainEnd, limits: FileLimits
) -> ChainEnd:
    """The chain's end after its latest small files were made one, where it is time for that and there are
    enough.

    Raises ArchiveUnavailable, ArchiveBroken, ChainMoved.
    """
    last = end.manifest
    if last is None or last.number % EVERY or last.replaces is not None:
        return end
    numbers = range(max(1, last.number - EVERY + 1), last.number + 1)
    recent = [_manifest(store, keys, last, number) for number in numbers]
    for run in _runs(recent, limits):
        manifest = _made_one(store, end, run)
        end = write_manifest(store, signer, manifest)
        log.info("archive_compacted", place=str(last.place), files=len(run), events=manifest.events)
    return end


def _manifest(store: Objects, keys: PublicKeys, last: Manifest, number: int) -> Manifest:
    document = store.get(manifest_name(last.place, number))
    return manifest_of(opened(MANIFEST, document, keys))


def _runs(manifests: Sequence[Manifest], limits: FileLimits) -> Iterator[list[Manifest]]:
    """Neighbours that are one file within the limits; none over a gap, for a file covers all between its
    ends.
    """
    run: list[Manifest] = []
    events = 0
    for manifest in manifests:
        fits = events + manifest.events <= limits.events and manifest.replaces is None
        follows = not run or (manifest.lost is None and manifest.first == run[-1].next_offset)
        if not (fits and follows):
            if len(run) >= _FEWEST:
                yield run
            run, events = [], 0
        if manifest.replaces is None:
            run.append(manifest)
            events += manifest.events
    if len(run) >= _FEWEST:
        yield run


def _joined(store: Objects, run: Sequence[Manifest]) -> FileDraft:
    """The messages of all of the files as one."""
    draft = FileDraft(run[0].topic, run[0].partition, run[0].first)
    for manifest in run:
        content = store.get(manifest.file)
        if sha256(content).hexdigest() != manifest.sha256:
            raise ArchiveBroken(f"{manifest.file} is not what its manifest says")
        for message, _ in messages_in(content):
            draft.add(message)
    return draft


def _made_one(store: Objects, end: ChainEnd, run: Sequence[Manifest]) -> Manifest:
    first, last = run[0], run[-1]
    draft = _joined(store, run)
    name = file_name(first.place, first.first, last.last)
    stored = store.put(name, draft.content())
    if not draft.has_the_events_of(stored):
        raise ArchiveBroken(f"{name} is there already, with other events")
    return Manifest(
        number=end.next_number,
        previous=end.digest,
        topic=first.topic,
        topic_id=last.topic_id,
        partition=first.partition,
        first=first.first,
        last=last.last,
        next_offset=end.next_offset,
        lost=None,
        events=len(draft.leaves),
        earliest_ms=draft.earliest_ms,
        latest_ms=draft.latest_ms,
        file=name,
        sha256=sha256(stored).hexdigest(),
        size_bytes=len(stored),
        events_root=draft.events_root().hex(),
        tree=end.tree,
        nodes=(),
        replaces=(first.number, last.number),
    )
