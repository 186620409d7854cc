"""Images and studies to events: pure; the same image, or the same archived study, gives the same ids."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from producers.dicom.archive import StudyTotals, object_key
from producers.dicom.attributes import InstanceAttributes
from producers.dicom.journal import StudyEntry
from producers.dicom.received import Received, SealedFile
from schemas.errors import KeyNotFound
from schemas.events import Event, FirstImageStored, ImagesStored, InstanceStored
from schemas.identity import event_id, exam_id_of_accession, exam_id_of_study, patient_key
from schemas.parts import Envelope, Phi, Source
from schemas.phi import KeyRing, open_sealed, seal

PROTOCOL = "DICOM"


@dataclass(frozen=True, slots=True)
class MappingConfig:
    """Facts of the site, as in DicomConfig."""

    site: str
    site_secret: bytes
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True)
class Subject:
    """Which exam, of which patient. patient_key is None where the image has no PatientID."""

    exam_id: str
    patient_key: str | None
    phi: Phi


def subject_of(attributes: InstanceAttributes, config: MappingConfig) -> Subject:
    """Issuers that the image does not name are the site's own."""
    if attributes.accession_number is None or not attributes.accession_number.strip():
        exam_id = exam_id_of_study(config.site, attributes.study_instance_uid)
    else:
        issuer = attributes.issuer_of_accession or config.site
        exam_id = exam_id_of_accession(issuer, attributes.accession_number)
    return Subject(exam_id, key_of_patient(attributes.phi, config), attributes.phi)


def key_of_patient(phi: Phi, config: MappingConfig) -> str | None:
    """The patient's pseudonym; None without PatientID."""
    if phi.patient_id is None:
        return None
    return patient_key(config.site_secret, phi.issuer_of_patient_id or config.site, phi.patient_id)


class EventMaker:
    """Makes the events of one site; seals with its key ring."""

    def __init__(self, config: MappingConfig, ring: KeyRing) -> None:
        self._config = config
        self._ring = ring

    def instance_stored(
        self,
        attributes: InstanceAttributes,
        subject: Subject,
        received: Received,
        file: SealedFile,
        stored_at: datetime,
    ) -> InstanceStored:
        """The image is durable. Its id: SOP Instance UID and content, as it was sealed."""
        identity = (attributes.sop_instance_uid, file.sha256)
        query = attributes.query
        return InstanceStored(
            envelope=self.envelope(
                InstanceStored,
                identity,
                subject,
                received.calling_ae_title,
                occurred_at=stored_at,
                recorded_at=stored_at,
            ),
            accession_number=attributes.accession_number,
            study_instance_uid=attributes.study_instance_uid,
            series_instance_uid=attributes.series_instance_uid,
            sop_instance_uid=attributes.sop_instance_uid,
            sop_class_uid=attributes.sop_class_uid,
            transfer_syntax_uid=received.transfer_syntax_uid,
            modality=attributes.modality,
            size_bytes=len(file.content),
            sha256=file.sha256,
            object_key=object_key(attributes),
            calling_ae_title=received.calling_ae_title,
            acquired_at=attributes.acquired_at,
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

    def first_image_stored(
        self, attributes: InstanceAttributes, subject: Subject, received: Received, stored_at: datetime
    ) -> FirstImageStored:
        """The study's first image in an association. Its id, of study and exam, is the same in each."""
        identity = (attributes.study_instance_uid, subject.exam_id)
        return FirstImageStored(
            envelope=self.envelope(
                FirstImageStored,
                identity,
                subject,
                received.calling_ae_title,
                occurred_at=stored_at,
                recorded_at=stored_at,
            ),
            accession_number=attributes.accession_number,
            study_instance_uid=attributes.study_instance_uid,
            modality=attributes.modality,
            calling_ae_title=received.calling_ae_title,
        )

    def images_stored(
        self, entry: StudyEntry, totals: StudyTotals, occurred_at: datetime, recorded_at: datetime
    ) -> ImagesStored:
        """An association's part of a study has ended. Its id: the study and what the archive has of it."""
        counts = (totals.series_count, totals.instance_count, totals.size_bytes)
        identity = (entry.study_instance_uid, entry.exam_id, *(str(count) for count in counts))
        subject = Subject(entry.exam_id, entry.patient_key, self._opened(entry))
        return ImagesStored(
            envelope=self.envelope(
                ImagesStored,
                identity,
                subject,
                entry.calling_ae_title,
                occurred_at=occurred_at,
                recorded_at=recorded_at,
            ),
            accession_number=entry.accession_number,
            study_instance_uid=entry.study_instance_uid,
            modality=entry.modality,
            series_count=totals.series_count,
            instance_count=totals.instance_count,
            size_bytes=totals.size_bytes,
            calling_ae_title=entry.calling_ae_title,
        )

    def _opened(self, entry: StudyEntry) -> Phi:
        if entry.phi is None:
            return Phi()
        try:
            return open_sealed(self._ring, entry.entry_id, entry.phi)
        except KeyNotFound:
            return Phi()  # the patient was erased meanwhile

    def envelope(
        self,
        step: type[Event],
        identity: tuple[str, ...],
        subject: Subject,
        calling_ae_title: str,
        *,
        occurred_at: datetime,
        recorded_at: datetime,
    ) -> Envelope:
        """What an event says of itself; its id follows from `identity` and the step. Raises PhiError."""
        this_id = event_id("dicom", *identity, step.AVRO_NAME)
        key = subject.patient_key
        return Envelope(
            event_id=this_id,
            exam_id=subject.exam_id,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            source=Source(system=calling_ae_title, facility="", protocol=PROTOCOL),
            source_message_id=identity[0],
            site=self._config.site,
            swim_code=step.SWIM_CODE,
            patient_key=key,
            # Without PatientID there is no patient to seal for: the name stays in the image alone.
            phi=None if key is None else seal(self._ring, key, this_id, subject.phi),
        )
