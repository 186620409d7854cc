"""Which exam and patient a data set is of, and the envelope of its events: pure but for the keys."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from producers.dicom.storage.attributes import InstanceAttributes
from schemas.events import Event
from schemas.identity import event_id, exam_id_of_accession, exam_id_of_study, patient_key
from schemas.parts import Envelope, Phi, SealedPhi, Source
from schemas.phi import KeyRing, seal

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
        # Without PatientID there is no patient to seal for: the name stays in the image alone.
        phi = None if key is None else seal(self._ring, key, this_id, subject.phi)
        return self.sealed_envelope(
            (this_id, identity[0]),
            step,
            subject.exam_id,
            (key, phi),
            calling_ae_title,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
        )

    def sealed_envelope(
        self,
        ids: tuple[str, str],
        step: type[Event],
        exam_id: str,
        patient: tuple[str | None, SealedPhi | None],
        calling_ae_title: str,
        *,
        occurred_at: datetime,
        recorded_at: datetime,
    ) -> Envelope:
        """As `envelope`, of who is sealed already. ids: the event's and the source message's."""
        return Envelope(
            event_id=ids[0],
            exam_id=exam_id,
            occurred_at=occurred_at,
            recorded_at=recorded_at,
            source=Source(system=calling_ae_title, facility="", protocol=PROTOCOL),
            source_message_id=ids[1],
            site=self._config.site,
            swim_code=step.SWIM_CODE,
            patient_key=patient[0],
            phi=patient[1],
        )
