"""ImagesStored at the end of an association: tried until Kafka has acknowledged it, across restarts."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from producers.dicom.archive import ArchiveUnavailable, ImageArchive
from producers.dicom.journal import Journal, StudyEntry
from producers.dicom.mapping import EventMaker
from producers.publishing import EventPublisher, PublishFailed
from schemas.errors import PhiError

log = structlog.get_logger("dicom")
_WORKERS = 4
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0


class Completions:
    """Studies whose association has ended, worked on by a few threads."""

    def __init__(
        self,
        journal: Journal,
        archive: ImageArchive,
        events: EventMaker,
        publisher: EventPublisher,
        now: Callable[[], datetime],
    ) -> None:
        self._journal = journal
        self._archive = archive
        self._events = events
        self._publisher = publisher
        self._now = now
        self._due: queue.SimpleQueue[tuple[StudyEntry, datetime | None]] = queue.SimpleQueue()
        self._open = 0
        self._changed = threading.Condition()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin, with what an earlier run left in the journal."""
        for entry in self._journal.leftovers():
            log.info("completing a study of an earlier run", study_instance_uid=entry.study_instance_uid)
            self.submit(entry, None)
        for number in range(_WORKERS):
            threading.Thread(target=self._work, name=f"completion-{number}", daemon=True).start()

    def submit(self, entry: StudyEntry, last_stored_at: datetime | None) -> None:
        """The association is over. `last_stored_at`: its last image of the study, where that is known."""
        with self._changed:
            self._open += 1
        self._due.put((entry, last_stored_at))

    def stop(self, timeout_s: float) -> int:
        """Wait for what is open; how many are left to the journal and the next run."""
        with self._changed:
            self._changed.wait_for(lambda: self._open == 0, timeout_s)
            self._stopping.set()
            return self._open

    def _work(self) -> None:
        while not self._stopping.is_set():
            entry, last_stored_at = self._due.get()
            self._complete_in_the_end(entry, last_stored_at)

    def _complete_in_the_end(self, entry: StudyEntry, last_stored_at: datetime | None) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            try:
                self._complete(entry, last_stored_at)
            except (ArchiveUnavailable, PublishFailed, PhiError, OSError) as error:
                log.warning("ImagesStored delayed", exam_id=entry.exam_id, error=str(error))
                self._stopping.wait(pause_s)
                pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            else:
                with self._changed:
                    self._open -= 1
                    self._changed.notify_all()
                return

    def _complete(self, entry: StudyEntry, last_stored_at: datetime | None) -> None:
        started_s = time.monotonic()
        totals = self._archive.totals(entry.study_instance_uid)
        if totals.instance_count:
            # After a crash, the object store knows when; the department's clock may run by another speed.
            since_noted = totals.last_stored_at - entry.noted_wall_at.astimezone(UTC)
            occurred_at = last_stored_at or max(entry.noted_at, entry.noted_at + since_noted)
            event = self._events.images_stored(entry, totals, occurred_at, self._now())
            self._publisher.publish([event])
            log.info(
                "images stored",
                event_id=event.envelope.event_id,
                exam_id=entry.exam_id,
                instance_count=totals.instance_count,
                took_ms=round(1000 * (time.monotonic() - started_s)),
            )
        self._journal.remove(entry)
