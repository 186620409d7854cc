"""The archive of one partition: messages in the order of their offsets, to files, each with its manifest.

A file is written before its manifest, and whoever dies between finds the file again: its name says where it
ends, so the next attempt ends there too, and its bytes are the same.
"""

from __future__ import annotations

import structlog

from sinks.archive.chain import ChainEnd, Objects, manifest_after, write_manifest
from sinks.archive.config import FileLimits
from sinks.archive.draft import FileDraft
from sinks.archive.manifest import Manifest
from sinks.archive.names import Place, file_name, files_of, parse_file_name
from sinks.archive.record import ArchivedMessage
from sinks.archive.signing import Signer

log = structlog.get_logger(__name__)
# A file that was begun under other limits is ended as it was begun; one that claims more nobody has begun.
_LARGEST = FileLimits(events=100_000, bytes=128 * 1024 * 1024)


class PartitionArchive:
    """One thread. `end` is where its chain ends; `low` is the first offset that Kafka still has."""

    def __init__(
        self,
        place: Place,
        end: ChainEnd,
        *,
        low: int,
        topic_id: str,
        store: Objects,
        signer: Signer,
        limits: FileLimits,
    ) -> None:
        """Looks whether a file was written before its manifest was. Raises ArchiveUnavailable."""
        self.place = place
        self.end = end
        self.lost = (end.next_offset, low - 1) if low > end.next_offset else None
        self._topic_id = topic_id
        self._store = store
        self._signer = signer
        self._limits = limits
        self._next = max(end.next_offset, low)
        self._draft = FileDraft(place.topic, place.partition, self._next)
        self._began_s = 0.0
        self._begun_file_ends = self._end_of_begun_file()
        self._refused_end = -1

    @property
    def next_offset(self) -> int:
        """The offset that is wanted next; those before it that never come, Kafka does not have."""
        return self._next

    @property
    def waiting(self) -> int:
        """Messages that are in no file yet."""
        return len(self._draft.leaves)

    def add(self, message: ArchivedMessage, now_s: float) -> None:
        """The next message; one from before `next_offset` was archived already."""
        if message.offset < self._next:
            return
        if not self._draft.leaves:
            self._began_s = now_s
        self._draft.add(message)
        self._next = message.offset + 1

    def is_full(self) -> bool:
        """Whether the file ends here by what is in it."""
        draft = self._draft
        if draft.last == self._refused_end or not draft.leaves:
            return False
        if draft.last == self._begun_file_ends:
            return True
        limits = _LARGEST if draft.last < self._begun_file_ends else self._limits
        return len(draft.leaves) >= limits.events or draft.size_bytes >= limits.bytes

    def is_old(self, now_s: float) -> bool:
        """Whether the file ends here because its first message has waited for so long."""
        return self.may_end and now_s - self._began_s >= self._limits.age_s

    @property
    def may_end(self) -> bool:
        """Whether what waits may be a file as it is."""
        draft = self._draft
        is_whole = draft.last >= self._begun_file_ends and draft.last != self._refused_end
        return bool(draft.leaves) and is_whole

    def close_file(self) -> Manifest | None:
        """Write what waits as a file, then its manifest. None where nothing is to be written.

        Where the store has another file of that name, more messages are waited for, so that ours gets a name
        of its own. Raises ArchiveUnavailable, ChainMoved.
        """
        draft = self._draft
        if not draft.leaves:
            return None
        name = file_name(self.place, draft.first, draft.last)
        stored = self._store.put(name, draft.content())
        if not draft.has_the_events_of(stored):
            log.error("archive_name_taken", object=name, what="it has other events than Kafka; kept aside")
            self._refused_end = draft.last
            return None
        manifest = manifest_after(self.end, draft, stored, topic_id=self._topic_id, lost=self.lost)
        self.end = write_manifest(self._store, self._signer, manifest)
        self._draft = FileDraft(self.place.topic, self.place.partition, self._next)
        self.lost = None
        return manifest

    def _end_of_begun_file(self) -> int:
        """Where a file ends that begins where ours will, and has no manifest; -1 where there is none."""
        prefix = files_of(self.place)
        for name in self._store.names(prefix, after=f"{prefix}{self._next:020d}-"):
            found = parse_file_name(name)
            if found is not None:
                return found.last if found.first == self._next else -1
        return -1
