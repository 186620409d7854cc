"""What follows from archived images and from notes: the ends of studies, said and remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog

from producers.dicom.archive.archive import ImageArchive, totals_of
from producers.dicom.archiver.archiving import Archived
from producers.dicom.archiver.events import StorageEvents
from producers.dicom.archiver.open_studies import OpenStudy
from producers.dicom.archiver.state import ArchiverState
from producers.dicom.completeness.events import CompletenessEvents
from producers.dicom.completeness.facts import ArchivedObject, ImageArchived, StudyExam
from producers.dicom.completeness.notes import fact_of_note
from producers.dicom.spool.spool import ASSOCIATION_ENDED, LISTENER_STARTED, STORAGE_FAILED
from producers.dicom.storage.failure import failure_in
from producers.dicom.storage.instance_facts import InstanceFacts
from producers.publishing import EventPublisher

log = structlog.get_logger("dicom")


class Studies:
    """Of one thread. Every call may raise ArchiveUnavailable, PublishFailed, PhiError or OSError."""

    def __init__(
        self,
        *,
        state: ArchiverState,
        archive: ImageArchive,
        events: StorageEvents,
        completeness_events: CompletenessEvents,
        publisher: EventPublisher,
    ) -> None:
        self._state = state
        self._archive = archive
        self._events = events
        self._completeness_events = completeness_events
        self._publisher = publisher

    def has_begun(self, facts: InstanceFacts) -> bool:
        """Whether the association's first image of that study was said."""
        return self._state.open.knows(facts)

    def add(self, archived: Sequence[Archived]) -> None:
        """The object store and Kafka have these. What is in quarantine is no image of the study."""
        for facts in (image.facts for image in archived if image.quarantined_as is None):
            self._find_earlier(facts)
            self._state.open.add(facts)
            self._state.completeness.told(_image_archived(facts))
            self._state.has_changed = True

    def take_note(self, note: Mapping[str, Any], now: datetime) -> None:
        """Say what follows from it. Raises ValueError where its kind is none that is known."""
        kind, facts = note["kind"], note["facts"]
        if kind == STORAGE_FAILED:
            self._publisher.publish([self._events.storage_failed(failure_in(facts), now)])
            return
        fact = fact_of_note(kind, facts, now)
        if fact is None:
            raise ValueError(f"no kind of note: {kind}")
        if kind == ASSOCIATION_ENDED:
            self._end(self._state.open.of(facts["association_id"]), now)
        elif kind == LISTENER_STARTED:
            self._end(self._state.open.all(), now)
        self._state.completeness.told(fact)
        self._state.has_changed = True

    def say_complete(self, now: datetime, *, is_all: bool) -> None:
        """SeriesStored and StudyStored of what is complete.

        is_all: everything that came is archived; else what came until the last image that was.
        """
        up_to = now if is_all else self._state.completeness.latest_at
        for complete in () if up_to is None else self._state.completeness.complete(up_to):
            event = self._completeness_events.of(complete, now)
            self._publisher.publish([event])
            self._state.completeness.said(complete)
            self._state.has_changed = True
            log.info(
                "complete",
                step=event.AVRO_NAME.rpartition(".")[2],
                event_id=event.envelope.event_id,
                exam_id=event.envelope.exam_id,
                instance_count=complete.instance_count,
                completed_by=complete.completed_by,
            )

    @property
    def has_changed(self) -> bool:
        """Whether there is something to save."""
        return self._state.has_changed

    def save(self) -> None:
        """Durable on return."""
        self._state.save()

    def _find_earlier(self, facts: InstanceFacts) -> None:
        """What the archive had of a study that nobody remembers."""
        study = facts.attributes.study_instance_uid
        if self._state.completeness.knows(study):
            return
        images = self._archive.images_of(study)
        objects = [ArchivedObject(x.series_instance_uid, x.sop_instance_uid, x.size_bytes) for x in images]
        self._state.completeness.found(study, objects, facts.received_at)

    def _end(self, studies: Sequence[OpenStudy], now: datetime) -> None:
        for study in studies:
            totals = totals_of(self._archive.images_of(study.study_instance_uid))
            event = self._events.images_stored(study, totals, now)
            self._publisher.publish([event])
            self._state.open.close(study)
            self._state.has_changed = True
            log.info(
                "images stored",
                event_id=event.envelope.event_id,
                exam_id=study.exam_id,
                instance_count=totals.instance_count,
            )


def _image_archived(facts: InstanceFacts) -> ImageArchived:
    image = facts.attributes
    return ImageArchived(
        study_instance_uid=image.study_instance_uid,
        series_instance_uid=image.series_instance_uid,
        sop_instance_uid=image.sop_instance_uid,
        size_bytes=facts.size_bytes,
        modality=image.modality,
        association_id=facts.association_id,
        stored_at=facts.received_at,
        exam=StudyExam(
            exam_id=facts.exam_id,
            accession_number=image.accession_number,
            patient_key=facts.patient_key,
            modality=image.modality,
            calling_ae_title=facts.calling_ae_title,
            phi=facts.phi,
            phi_bound_to=facts.stored_event_id,
            first_at=facts.received_at,
        ),
    )
