"""Images and studies to events: the same image, or the same archived study, gives the same ids."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from producers.dicom.archive.archive import StudyTotals, object_key
from producers.dicom.archiver.open_studies import OpenStudy
from producers.dicom.mapping import EventMaker, Subject
from producers.dicom.storage.failure import StorageFailure
from producers.dicom.storage.instance_facts import InstanceFacts
from schemas.errors import KeyNotFound
from schemas.events import (
    Event,
    FirstImageStored,
    ImagesStored,
    InstanceQuarantined,
    InstanceStored,
    StorageFailed,
)
from schemas.parts import Envelope, Phi, SealedPhi
from schemas.phi import KeyRing, open_sealed

SAME_UID_OTHER_CONTENT = "same_uid_other_content"


class StorageEvents:
    """Makes them for one site."""

    def __init__(self, events: EventMaker, ring: KeyRing) -> None:
        self._events = events
        self._ring = ring

    def instance_stored(self, facts: InstanceFacts, recorded_at: datetime) -> InstanceStored:
        """The image is in the object store. It was durable when it was received."""
        image, query = facts.attributes, facts.attributes.query
        return InstanceStored(
            envelope=self._events.sealed_envelope(
                (facts.stored_event_id, image.sop_instance_uid),
                InstanceStored,
                facts.exam_id,
                (facts.patient_key, facts.phi),
                facts.calling_ae_title,
                occurred_at=facts.received_at,
                recorded_at=recorded_at,
            ),
            accession_number=image.accession_number,
            study_instance_uid=image.study_instance_uid,
            series_instance_uid=image.series_instance_uid,
            sop_instance_uid=image.sop_instance_uid,
            sop_class_uid=image.sop_class_uid,
            transfer_syntax_uid=facts.transfer_syntax_uid,
            modality=image.modality,
            size_bytes=facts.size_bytes,
            sha256=facts.sha256,
            object_key=object_key(image),
            calling_ae_title=facts.calling_ae_title,
            acquired_at=image.acquired_at,
            study_date=query.study_date,
            study_time=query.study_time,
            study_id=query.study_id,
            series_number=query.series_number,
            instance_number=query.instance_number,
            number_of_frames=query.number_of_frames,
            rows=query.rows,
            columns=query.columns,
            body_part=query.body_part,
        )

    def first_image_stored(self, facts: InstanceFacts, recorded_at: datetime) -> FirstImageStored:
        """The study's first image in an association. Its id, of study and exam, is the same in each."""
        image = facts.attributes
        return FirstImageStored(
            envelope=self._of_image(
                FirstImageStored, (image.study_instance_uid, facts.exam_id), facts, recorded_at
            ),
            accession_number=image.accession_number,
            study_instance_uid=image.study_instance_uid,
            modality=image.modality,
            calling_ae_title=facts.calling_ae_title,
        )

    def instance_quarantined(
        self, facts: InstanceFacts, object_key: str, recorded_at: datetime
    ) -> InstanceQuarantined:
        """Another image has this UID; this one lies under `object_key`. Its id: UID and content."""
        image = facts.attributes
        return InstanceQuarantined(
            envelope=self._of_image(
                InstanceQuarantined, (image.sop_instance_uid, facts.sha256), facts, recorded_at
            ),
            accession_number=image.accession_number,
            study_instance_uid=image.study_instance_uid,
            series_instance_uid=image.series_instance_uid,
            sop_instance_uid=image.sop_instance_uid,
            reason=SAME_UID_OTHER_CONTENT,
            sha256=facts.sha256,
            object_key=object_key,
            calling_ae_title=facts.calling_ae_title,
        )

    def images_stored(self, study: OpenStudy, totals: StudyTotals, recorded_at: datetime) -> ImagesStored:
        """An association's part of a study has ended. Its id: the study and what the archive has of it."""
        counts = (totals.series_count, totals.instance_count, totals.size_bytes)
        patient = self._patient(study.phi_bound_to, study.phi)
        return ImagesStored(
            envelope=self._events.envelope(
                ImagesStored,
                (study.study_instance_uid, study.exam_id, *(str(count) for count in counts)),
                Subject(study.exam_id, study.patient_key, patient),
                study.calling_ae_title,
                occurred_at=study.last_at,
                recorded_at=recorded_at,
            ),
            accession_number=study.accession_number,
            study_instance_uid=study.study_instance_uid,
            modality=study.modality,
            series_count=totals.series_count,
            instance_count=totals.instance_count,
            size_bytes=totals.size_bytes,
            calling_ae_title=study.calling_ae_title,
        )

    def storage_failed(self, failure: StorageFailure, recorded_at: datetime) -> StorageFailed:
        """Images of a study were refused for want of room."""
        return StorageFailed(
            envelope=self._events.envelope(
                StorageFailed,
                (failure.study_instance_uid, failure.exam_id, failure.association_id),
                Subject(failure.exam_id, failure.patient_key, Phi()),
                failure.calling_ae_title,
                occurred_at=failure.failed_at,
                recorded_at=recorded_at,
            ),
            accession_number=failure.accession_number,
            study_instance_uid=failure.study_instance_uid,
            status=failure.status,
            reason=failure.reason,
            calling_ae_title=failure.calling_ae_title,
        )

    def _of_image(
        self, kind: type[Event], identity: Sequence[str], facts: InstanceFacts, recorded_at: datetime
    ) -> Envelope:
        patient = self._patient(facts.stored_event_id, facts.phi)
        return self._events.envelope(
            kind,
            tuple(identity),
            Subject(facts.exam_id, facts.patient_key, patient),
            facts.calling_ae_title,
            occurred_at=facts.received_at,
            recorded_at=recorded_at,
        )

    def _patient(self, bound_to: str, phi: SealedPhi | None) -> Phi:
        if phi is None:
            return Phi()
        try:
            return open_sealed(self._ring, bound_to, phi)
        except KeyNotFound:
            return Phi()  # the patient was erased meanwhile
