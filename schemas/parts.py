"""What several contracts share.

Generated from `schemas/avro` by `python -m schemas.generate`: edit the contracts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What every event says about itself.

    event_id: UUIDv5 of the source message's identity and the step: the same message always gives the
        same id.
    exam_id: What it is about, and the Kafka key: issuer|accession, or site|study|StudyInstanceUID while
        no accession is known, or patient|patient_key for what belongs to no exam.
    occurred_at: When it happened, by the source's clock, UTC microseconds.
    recorded_at: When we learned of it, UTC microseconds.
    source: Who said it.
    source_message_id: HL7 MSH-10, DICOM SOP Instance UID, or the id of the event that caused it.
    site: Site code.
    swim_code: RadLex SWIM code (RIDnnnnn) of the step, where the lexicon has one.
    patient_key: HMAC-SHA256 of issuer|MRN under the site secret, 64 hexadecimal digits.
    phi: Who the patient is, and free text: ciphertext.
    corrects: event_id that this event retracts.
    """

    AVRO_NAME: ClassVar[str] = "radstream.parts.Envelope"

    event_id: str
    exam_id: str
    occurred_at: datetime
    recorded_at: datetime
    source: Source
    source_message_id: str
    site: str
    swim_code: str | None = None
    patient_key: str | None = None
    phi: SealedPhi | None = None
    corrects: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "event_id": self.event_id,
            "exam_id": self.exam_id,
            "occurred_at": self.occurred_at,
            "recorded_at": self.recorded_at,
            "source": self.source.to_record(),
            "source_message_id": self.source_message_id,
            "site": self.site,
            "swim_code": self.swim_code,
            "patient_key": self.patient_key,
            "phi": None if self.phi is None else self.phi.to_record(),
            "corrects": self.corrects,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            event_id=record["event_id"],
            exam_id=record["exam_id"],
            occurred_at=record["occurred_at"],
            recorded_at=record["recorded_at"],
            source=Source.from_record(record["source"]),
            source_message_id=record["source_message_id"],
            site=record["site"],
            swim_code=record["swim_code"],
            patient_key=record["patient_key"],
            phi=None if record["phi"] is None else SealedPhi.from_record(record["phi"]),
            corrects=record["corrects"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExcludedInterval:
    """An interval of an exam whose two ends are known, and that is not measured all the same.

    name: Name of the interval, as in the table of intervals.
    reason: end_before_start: by less than the bound; clock_fault: an end contradicts another milestone,
        or lies after the time at which it was recorded.
    start_at: Its start milestone as it was said, UTC.
    end_at: Its end milestone as it was said, UTC.
    """

    AVRO_NAME: ClassVar[str] = "radstream.parts.ExcludedInterval"

    name: str
    reason: str
    start_at: datetime
    end_at: datetime

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "name": self.name,
            "reason": self.reason,
            "start_at": self.start_at,
            "end_at": self.end_at,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            name=record["name"],
            reason=record["reason"],
            start_at=record["start_at"],
            end_at=record["end_at"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """One measured interval of an exam.

    name: Name of the interval, as in the table of intervals.
    start_at: Its start milestone, UTC.
    end_at: Its end milestone, UTC.
    seconds: end_at minus start_at in seconds.
    """

    AVRO_NAME: ClassVar[str] = "radstream.parts.Interval"

    name: str
    start_at: datetime
    end_at: datetime
    seconds: float

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "name": self.name,
            "start_at": self.start_at,
            "end_at": self.end_at,
            "seconds": self.seconds,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            name=record["name"],
            start_at=record["start_at"],
            end_at=record["end_at"],
            seconds=record["seconds"],
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Phi:
    """What identifies a patient, and free text: exists in clear only in memory. Its bytes carry no
    schema id: fields are optional, and new ones stand at the end.

    patient_name: Family^Given^Middle^Prefix^Suffix, as DICOM PN (0010,0010) and HL7 XPN have it.
    patient_id: Medical record number (HL7 PID-3.1, DICOM PatientID).
    issuer_of_patient_id: Assigning authority (HL7 PID-3.4, DICOM IssuerOfPatientID).
    birth_date: YYYYMMDD, as far as it is known.
    sex: HL7 table 0001 / DICOM PatientSex: M, F, O, U.
    text: Free text of the source: report text, reason, comment.
    study_description: StudyDescription (0008,1030).
    series_description: SeriesDescription (0008,103E).
    referring_physician_name: ReferringPhysicianName (0008,0090), as DICOM PN.
    """

    AVRO_NAME: ClassVar[str] = "radstream.parts.Phi"

    patient_name: str | None = None
    patient_id: str | None = None
    issuer_of_patient_id: str | None = None
    birth_date: str | None = None
    sex: str | None = None
    text: str | None = None
    study_description: str | None = None
    series_description: str | None = None
    referring_physician_name: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "patient_name": self.patient_name,
            "patient_id": self.patient_id,
            "issuer_of_patient_id": self.issuer_of_patient_id,
            "birth_date": self.birth_date,
            "sex": self.sex,
            "text": self.text,
            "study_description": self.study_description,
            "series_description": self.series_description,
            "referring_physician_name": self.referring_physician_name,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            patient_name=record["patient_name"],
            patient_id=record["patient_id"],
            issuer_of_patient_id=record["issuer_of_patient_id"],
            birth_date=record["birth_date"],
            sex=record["sex"],
            text=record["text"],
            study_description=record["study_description"],
            series_description=record["series_description"],
            referring_physician_name=record["referring_physician_name"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedPhi:
    """Protected health information, encrypted under the patient's own data key (AES-256-GCM). The
    associated data is the event_id, so a ciphertext cannot be moved to another event.

    key_id: Which data key: the patient_key, a slash, and the key's generation.
    nonce: 96-bit nonce, never used twice under one key.
    ciphertext: Avro record radstream.parts.Phi, encrypted, with its 128-bit tag at the end.
    """

    AVRO_NAME: ClassVar[str] = "radstream.parts.SealedPhi"

    key_id: str
    nonce: bytes
    ciphertext: bytes

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "key_id": self.key_id,
            "nonce": self.nonce,
            "ciphertext": self.ciphertext,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            key_id=record["key_id"],
            nonce=record["nonce"],
            ciphertext=record["ciphertext"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Who said it.

    system: Sending application (HL7 MSH-3) or calling AE title (DICOM).
    facility: Sending facility (HL7 MSH-4), empty where the protocol has none.
    protocol: HL7v2, DICOM, or radstream for what we derive ourselves.
    """

    AVRO_NAME: ClassVar[str] = "radstream.parts.Source"

    system: str
    facility: str
    protocol: str

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "system": self.system,
            "facility": self.facility,
            "protocol": self.protocol,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            system=record["system"],
            facility=record["facility"],
            protocol=record["protocol"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """How long one interval of some exams may take.

    interval: Name of the interval, as in the table of intervals.
    modality: Of exams with this modality (0008,0060); null: of all.
    priority: Of exams with this priority (HL7 table 0485), ROUTINE where none was said; null: of all.
    patient_class: Of patients of this class (HL7 table 0004); null: of all.
    site: Of exams of this site; null: of all.
    due_s: How long it may take, seconds from its start milestone.
    warn_before_s: How long before it is due there is a warning, seconds.
    warn_probability: Where an exam is forecast, it is warned of when the probability to miss the target
        is this or more, 0 to 1; null: by warn_before_s alone.
    warn_until_probability: The warning stands until the probability is below this.
    warn_for_s: For how long the probability has to be that high first, seconds.
    warn_by: Whose forecasts count: model, or any, also those by the medians of the last weeks.
    """

    AVRO_NAME: ClassVar[str] = "radstream.parts.Target"

    interval: str
    modality: str | None = None
    priority: str | None = None
    patient_class: str | None = None
    site: str | None = None
    due_s: int
    warn_before_s: int
    warn_probability: float | None = None
    warn_until_probability: float | None = None
    warn_for_s: int | None = None
    warn_by: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "interval": self.interval,
            "modality": self.modality,
            "priority": self.priority,
            "patient_class": self.patient_class,
            "site": self.site,
            "due_s": self.due_s,
            "warn_before_s": self.warn_before_s,
            "warn_probability": self.warn_probability,
            "warn_until_probability": self.warn_until_probability,
            "warn_for_s": self.warn_for_s,
            "warn_by": self.warn_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            interval=record["interval"],
            modality=record["modality"],
            priority=record["priority"],
            patient_class=record["patient_class"],
            site=record["site"],
            due_s=record["due_s"],
            warn_before_s=record["warn_before_s"],
            warn_probability=record["warn_probability"],
            warn_until_probability=record["warn_until_probability"],
            warn_for_s=record["warn_for_s"],
            warn_by=record["warn_by"],
        )


PART_CLASSES: tuple[type[Any], ...] = (
    Envelope,
    ExcludedInterval,
    Interval,
    Phi,
    SealedPhi,
    Source,
    Target,
)
