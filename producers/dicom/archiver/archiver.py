"""From the spool to the object store and the log: the one place where storage events are said.

In rounds. A round takes the first entries of the spool: its images go to the object store side by side,
their events to Kafka at once, and only then they are done. A note is taken alone, after all before it.
What is done leaves the spool at a checkpoint, after the state that follows from it is on disk. A crash
anywhere has entries taken again: the object store has them, and their events have the same ids.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import takewhile

import structlog

from producers.dicom.archive.archive import ArchiveUnavailable
from producers.dicom.archiver.images import ImageRound
from producers.dicom.archiver.pacing import Pace
from producers.dicom.archiver.saying import Outage, SpoolDepthLog
from producers.dicom.archiver.studies import Studies
from producers.dicom.spool.reader import Entry, SpoolReader
from producers.dicom.spool.room import NOTE
from producers.faults import place_of
from producers.publishing import PublishFailed
from schemas.errors import KeyRingUnusable

log = structlog.get_logger("dicom")

# What comes back by itself: the same is tried again.
_AWAY = (ArchiveUnavailable, PublishFailed, KeyRingUnusable, OSError)
_CHECKPOINT_ENTRIES = 128
_CHECKPOINT_S = 0.3
# While the spool is never empty: what is complete may be more by the next entry, so not at every one.
_SAY_EVERY_S = 5.0
_HELD_BACK_S = 0.02
_SHORTEST_IDLE_S, _LONGEST_IDLE_S = 0.004, 0.05


class Archiver:
    """Of one thread, and one for each spool. batch: how many images a round has. pace: when it works."""

    def __init__(
        self,
        reader: SpoolReader,
        images: ImageRound,
        studies: Studies,
        now: Callable[[], datetime],
        *,
        batch: int,
        pace: Pace,
    ) -> None:
        self._reader = reader
        self._images = images
        self._studies = studies
        self._now = now
        self._batch = batch
        self._pace = pace
        self._names: deque[str] = deque()
        self._done: list[Entry] = []
        self._checkpoint_s = self._said_s = time.monotonic()
        self._depth = SpoolDepthLog(reader)

    def run(self, stop: threading.Event, longest_pause_s: float) -> None:
        """Until `stop`: then what is done has left the spool, and the rest waits for the next run."""
        outage, idle_s = Outage(longest_pause_s), _SHORTEST_IDLE_S
        while not stop.is_set():
            self._depth.say()
            try:
                if not self._pace.is_due(self._oldest()):
                    stop.wait(_HELD_BACK_S)
                    continue
                is_busy = self._paced_round()
            except _AWAY as error:
                stop.wait(outage.pause_s(f"{type(error).__name__}: {error}"))
                continue
            except Exception as error:  # noqa: BLE001 - a fault of ours must not end the archiver, nor lose entries
                stop.wait(outage.pause_s(f"fault: {place_of(error)}"))
                continue
            outage.over()
            idle_s = _SHORTEST_IDLE_S if is_busy else min(2 * idle_s, _LONGEST_IDLE_S)
            if not is_busy:
                stop.wait(idle_s)
        self._checkpoint()

    def _paced_round(self) -> bool:
        began_s = time.monotonic()
        try:
            return self.round()
        finally:
            self._pace.worked(time.monotonic() - began_s)

    def round(self) -> bool:
        """Take the next entries, if there are any, and whether there were.

        Raises ArchiveUnavailable, PublishFailed, KeyRingUnusable or OSError: they are taken again.
        """
        names = self._next_names()
        if not names:
            self._checkpoint()
            self._say_complete(is_all=True)
            return False
        entries = _distinct(self._reader.read(names))
        if names[0].endswith(NOTE):
            self._take_notes(entries)
        else:
            self._images.archive(entries)
        self._forget(names, entries)
        if time.monotonic() - self._said_s > _SAY_EVERY_S:  # there is no end of entries in sight
            self._say_complete(is_all=False)
        return True

    def _say_complete(self, *, is_all: bool) -> None:
        self._studies.say_complete(self._now(), is_all=is_all)
        self._said_s = time.monotonic()

    def _oldest(self) -> str | None:
        if not self._names:
            done = {entry.file.path.name for entry in self._done}
            self._names.extend(name for name in self._reader.names() if name not in done)
        return self._names[0] if self._names else None

    def _next_names(self) -> list[str]:
        """Images up to the next note, or the note that is next."""
        if self._oldest() is None:
            return []
        first = [self._names[place] for place in range(min(self._batch, len(self._names)))]
        return list(takewhile(lambda name: not name.endswith(NOTE), first)) or first[:1]

    def _take_notes(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            try:
                self._studies.take_note(entry.file.facts, self._now())
            except _AWAY:
                raise
            except Exception as error:  # noqa: BLE001 - one that cannot be taken must not stop what follows
                self._reader.set_aside(entry.file.path, f"note not taken: {place_of(error)}")

    def _forget(self, names: Sequence[str], entries: Sequence[Entry]) -> None:
        """What was taken is done, or lies aside; what `_distinct` left for the next round is neither."""
        last = entries[-1].file.path.name if entries else names[-1]
        while self._names and self._names[0] <= last:
            self._names.popleft()
        self._done += entries
        if len(self._done) >= _CHECKPOINT_ENTRIES or time.monotonic() - self._checkpoint_s > _CHECKPOINT_S:
            self._checkpoint()

    def _checkpoint(self) -> None:
        """The state on disk, then the entries that it follows from out of the spool."""
        self._checkpoint_s = time.monotonic()
        if self._done or self._studies.has_changed:
            self._studies.save()
            self._reader.remove(self._done)
            self._depth.archived(len(self._done))
            self._done = []


def _distinct(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Up to the first image whose UID one before it has: side by side, nobody could say which came first."""
    seen: set[object] = set()
    for place, entry in enumerate(entries):
        uid = entry.instance_uid
        if uid in seen:
            return entries[:place]
        if uid is not None:
            seen.add(uid)
    return entries
