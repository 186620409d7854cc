"""The images of one round: side by side to the object store, their events to Kafka at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime

import structlog

from producers.dicom.archive.archive import ArchiveUnavailable
from producers.dicom.archiver.archiving import Archived, ImageArchiver, NeverArchived
from producers.dicom.archiver.events import StorageEvents
from producers.dicom.archiver.studies import Studies
from producers.dicom.spool.reader import Entry, SpoolReader
from producers.faults import place_of
from producers.publishing import EventPublisher, PublishFailed, RecordTooLarge
from schemas.errors import KeyRingUnusable
from schemas.events import Event

log = structlog.get_logger("dicom")


class ImageRound:
    """Of one thread, with a pool of others."""

    def __init__(
        self,
        *,
        archiver: ImageArchiver,
        reader: SpoolReader,
        studies: Studies,
        events: StorageEvents,
        publisher: EventPublisher,
        now: Callable[[], datetime],
        in_flight: int,
    ) -> None:
        self._archiver = archiver
        self._reader = reader
        self._studies = studies
        self._events = events
        self._publisher = publisher
        self._now = now
        self._pool = ThreadPoolExecutor(in_flight, "archiving")

    def archive(self, entries: Sequence[Entry]) -> None:
        """On return the object store and Kafka have all of them, or they lie aside.

        Raises ArchiveUnavailable, PublishFailed, KeyRingUnusable or OSError.
        """
        self._say(self._put(entries))

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown()

    def _put(self, entries: Sequence[Entry]) -> list[Archived]:
        attempts = [self._pool.submit(self._archiver.put, entry) for entry in entries]
        wait(attempts)
        archived = []
        for entry, attempt in zip(entries, attempts, strict=True):
            try:
                archived.append(attempt.result())
            except NeverArchived as error:
                self._reader.set_aside(entry.file.path, str(error))
        return archived

    def _say(self, archived: Sequence[Archived]) -> None:
        """Publish what there is to say; an image of which it cannot be said is set aside."""
        try:
            self._publisher.publish(list(self._events_of(archived)))
        except RecordTooLarge as error:
            fault = str(error)
        except (ArchiveUnavailable, PublishFailed, KeyRingUnusable, OSError):
            raise
        except Exception as error:  # noqa: BLE001 - one that cannot be said must not stop what follows
            fault = place_of(error)
        else:
            self._studies.add(archived)
            return
        if len(archived) > 1:
            for image in archived:
                self._say([image])
        else:
            self._reader.set_aside(archived[0].entry.file.path, f"not to be said: {fault}")

    def _events_of(self, archived: Sequence[Archived]) -> Iterator[Event]:
        recorded_at, begun = self._now(), set()
        for image in archived:
            facts, key = image.facts, image.quarantined_as
            if key is not None:
                event = self._events.instance_quarantined(facts, key, recorded_at)
                log.warning("image quarantined", event_id=event.envelope.event_id, object_key=key)
                yield event
                continue
            if not self._studies.has_begun(facts) and facts.study_key not in begun:
                begun.add(facts.study_key)
                yield self._events.first_image_stored(facts, recorded_at)
            yield self._events.instance_stored(facts, recorded_at)
