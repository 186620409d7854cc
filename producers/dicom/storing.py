"""One C-STORE from data set to status: object store, then Kafka, then success; nothing half acknowledged."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

import structlog

from producers.dead_letters import dead_letter
from producers.dicom.archive import ArchiveUnavailable, ImageArchive, Put, object_key, quarantine_key
from producers.dicom.attributes import InstanceAttributes, read_attributes
from producers.dicom.content import Content, beginning
from producers.dicom.journal import Journal, StudyEntry
from producers.dicom.mapping import PROTOCOL, EventMaker, MappingConfig, Subject, subject_of
from producers.dicom.received import Received, dicom_file, sealed_file
from producers.dicom.refusals import OUT_OF_RESOURCES, SUCCESS, DuplicateUidOtherContent, Refused
from producers.publishing import EventPublisher, PublishFailed
from schemas.errors import PhiError
from schemas.events import Event
from schemas.image_envelope import image_subject
from schemas.parts import Source
from schemas.phi import KeyRing, seal
from schemas.sealed_letters import PAYLOAD_LIMIT_BYTES

log = structlog.get_logger("dicom")


@dataclass(slots=True)
class StudyInProgress:
    """last_stored_at: None until an image of it was acknowledged to us by store and log."""

    entry: StudyEntry
    last_stored_at: datetime | None = None


@dataclass(slots=True)
class AssociationStudies:
    """What one association has sent. The lock is held during each C-STORE: the end waits for it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    studies: dict[tuple[str, str], StudyInProgress] = field(default_factory=dict)
    has_ended: bool = False


class ImageStorer:
    """Shared by all associations."""

    def __init__(
        self,
        *,
        config: MappingConfig,
        ring: KeyRing,
        archive: ImageArchive,
        journal: Journal,
        events: EventMaker,
        publisher: EventPublisher,
        now: Callable[[], datetime],
    ) -> None:
        self._config = config
        self._ring = ring
        self._archive = archive
        self._journal = journal
        self._events = events
        self._publisher = publisher
        self._now = now

    def store(self, association: AssociationStudies, received: Received) -> int:
        """The C-STORE status. The caller holds the association's lock."""
        file = dicom_file(received)
        try:
            try:
                attributes = read_attributes(file, received, self._config.zone)
                self._store(association, attributes, received, file)
            except Refused as refused:
                self._keep(refused, received, file)
                return refused.status
        except (ArchiveUnavailable, PublishFailed, PhiError, OSError) as error:
            log.warning("not stored", error=f"{type(error).__name__}: {error}")
            return OUT_OF_RESOURCES
        return SUCCESS

    def _store(
        self,
        association: AssociationStudies,
        attributes: InstanceAttributes,
        received: Received,
        file: Content,
    ) -> None:
        subject = subject_of(attributes, self._config)
        study = self._study(association, attributes, subject, received)
        of = image_subject(subject.patient_key, attributes.study_instance_uid)
        sealed = sealed_file(self._ring, of, attributes.sop_instance_uid, file)
        if self._archive.put(object_key(attributes), sealed) is Put.OTHER:
            key = quarantine_key(attributes, sealed.sha256)
            self._archive.put(key, sealed)
            raise DuplicateUidOtherContent(f"the archive has another image with this UID; this one: {key}")
        # The same image again is stored again in the log too: only so is it certain that the log has it.
        stored_at = self._now()
        events: list[Event] = [self._events.instance_stored(attributes, subject, received, sealed, stored_at)]
        if study.last_stored_at is None:
            events.insert(0, self._events.first_image_stored(attributes, subject, received, stored_at))
        self._publisher.publish(events)
        study.last_stored_at = stored_at

    def _study(
        self,
        association: AssociationStudies,
        attributes: InstanceAttributes,
        subject: Subject,
        received: Received,
    ) -> StudyInProgress:
        """The study in this association, noted on disk before its first image can be acknowledged."""
        key = (attributes.study_instance_uid, subject.exam_id)
        study = association.studies.get(key)
        if study is None:
            study = StudyInProgress(self._entry(attributes, subject, received))
            self._journal.write(study.entry)
            association.studies[key] = study
        return study

    def _entry(self, attributes: InstanceAttributes, subject: Subject, received: Received) -> StudyEntry:
        entry_id = str(uuid4())
        patient = subject.patient_key
        return StudyEntry(
            entry_id=entry_id,
            study_instance_uid=attributes.study_instance_uid,
            exam_id=subject.exam_id,
            accession_number=attributes.accession_number,
            patient_key=patient,
            modality=attributes.modality,
            calling_ae_title=received.calling_ae_title,
            phi=None if patient is None else seal(self._ring, patient, entry_id, subject.phi),
            noted_at=self._now(),
            noted_wall_at=datetime.now(UTC),
        )

    def _keep(self, refused: Refused, received: Received, file: Content) -> None:
        payload = beginning(file, PAYLOAD_LIMIT_BYTES)
        is_whole = len(payload) == file.size_bytes
        letter = dead_letter(
            self._ring,
            origin="dicom",
            reason=type(refused).__name__,
            detail=str(refused)
            if is_whole
            else f"{refused}; first {len(payload)} of {file.size_bytes} bytes",
            source=Source(system=received.calling_ae_title, facility="", protocol=PROTOCOL),
            source_message_id=received.sop_instance_uid,
            content_type="application/dicom",
            payload=payload,
            recorded_at=self._now(),
            is_whole=is_whole,
        )
        self._publisher.publish_dead_letter(letter)
        log.warning(
            "refused",
            reason=letter.reason,
            status=f"0x{refused.status:04X}",
            dead_letter_id=letter.dead_letter_id,
        )
