"""Every event, as a frozen class.

Generated from `schemas/avro` by `python -m schemas.generate`: edit the contracts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from schemas.parts import Envelope, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRecorded:
    """Someone saw, searched or exported data of patients (DICOM PS3.15 A.5).

    envelope: What every event says about itself.
    event_code: DICOM audit event: 110100 application activity, 110103 instances accessed, 110104
        transferred, 110106 export, 110110 patient record, 110112 query, 110114 user authentication.
    action: C create, R read, U update, D delete, E execute (RFC 3881 EventActionCode).
    outcome: 0 success, 4 minor failure, 8 serious failure, 12 major failure (RFC 3881).
    user: Who, pseudonym.
    role: The role that it was done in.
    network_address: Where from.
    object: What was seen: a page, a query, a file.
    purpose: Why, where it was asked.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.AccessRecorded"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    event_code: str
    action: str
    outcome: str
    user: str | None = None
    role: str | None = None
    network_address: str | None = None
    object: str | None = None
    purpose: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "event_code": self.event_code,
            "action": self.action,
            "outcome": self.outcome,
            "user": self.user,
            "role": self.role,
            "network_address": self.network_address,
            "object": self.object,
            "purpose": self.purpose,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            event_code=record["event_code"],
            action=record["action"],
            outcome=record["outcome"],
            user=record["user"],
            role=record["role"],
            network_address=record["network_address"],
            object=record["object"],
            purpose=record["purpose"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquisitionCompleted:
    """Imaging is complete: the start of report turnaround.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    station_ae_title: Scanner, by its AE title.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.AcquisitionCompleted"
    SWIM_CODE: ClassVar[str | None] = "RID45847"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    modality: str | None = None
    station_ae_title: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "modality": self.modality,
            "station_ae_title": self.station_ae_title,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            modality=record["modality"],
            station_ae_title=record["station_ae_title"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquisitionDiscontinued:
    """The exam ended early.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    reason: Coded reason, as the source has it.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.AcquisitionDiscontinued"
    SWIM_CODE: ClassVar[str | None] = "RID46003"

    envelope: Envelope
    accession_number: str | None = None
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquisitionRepeated:
    """A part of the acquisition was done again.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    series_instance_uid: SeriesInstanceUID (0020,000E) of what was repeated.
    reason: Coded reason, as the source has it; free text belongs into phi.
    station_ae_title: Scanner, by its AE title.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.AcquisitionRepeated"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    reason: str | None = None
    station_ae_title: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "series_instance_uid": self.series_instance_uid,
            "reason": self.reason,
            "station_ae_title": self.station_ae_title,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            series_instance_uid=record["series_instance_uid"],
            reason=record["reason"],
            station_ae_title=record["station_ae_title"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AcquisitionStarted:
    """The procedure began on the scanner.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    station_ae_title: Scanner, by its AE title.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.AcquisitionStarted"
    SWIM_CODE: ClassVar[str | None] = "RID46000"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    modality: str | None = None
    station_ae_title: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "modality": self.modality,
            "station_ae_title": self.station_ae_title,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            modality=record["modality"],
            station_ae_title=record["station_ae_title"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisCompleted:
    """The algorithm gave a result.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    model_name: Algorithm, as its maker names it.
    model_version: Its version.
    analysis_id: Links request, start and result of one analysis.
    finding_code: What was looked for, coded (RadLex, SNOMED CT).
    finding_name: Its name.
    finding_present: Whether it was found.
    score: The algorithm's score, 0 to 1.
    result_sop_instance_uid: SOPInstanceUID of the result object (SR, SEG).
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.AnalysisCompleted"
    SWIM_CODE: ClassVar[str | None] = "RID45833"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    model_name: str
    model_version: str | None = None
    analysis_id: str | None = None
    finding_code: str | None = None
    finding_name: str | None = None
    finding_present: bool | None = None
    score: float | None = None
    result_sop_instance_uid: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "model_name": self.model_name,
            "model_version": self.model_version,
            "analysis_id": self.analysis_id,
            "finding_code": self.finding_code,
            "finding_name": self.finding_name,
            "finding_present": self.finding_present,
            "score": self.score,
            "result_sop_instance_uid": self.result_sop_instance_uid,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            model_name=record["model_name"],
            model_version=record["model_version"],
            analysis_id=record["analysis_id"],
            finding_code=record["finding_code"],
            finding_name=record["finding_name"],
            finding_present=record["finding_present"],
            score=record["score"],
            result_sop_instance_uid=record["result_sop_instance_uid"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisFailed:
    """The algorithm gave no result.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    model_name: Algorithm, as its maker names it.
    model_version: Its version.
    analysis_id: Links request, start and result of one analysis.
    reason: Coded reason, as the source has it; free text belongs into phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.AnalysisFailed"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    model_name: str
    model_version: str | None = None
    analysis_id: str | None = None
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "model_name": self.model_name,
            "model_version": self.model_version,
            "analysis_id": self.analysis_id,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            model_name=record["model_name"],
            model_version=record["model_version"],
            analysis_id=record["analysis_id"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisRequested:
    """An algorithm was asked to look at the study.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    model_name: Algorithm, as its maker names it.
    model_version: Its version.
    analysis_id: Links request, start and result of one analysis.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.AnalysisRequested"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    model_name: str
    model_version: str | None = None
    analysis_id: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "model_name": self.model_name,
            "model_version": self.model_version,
            "analysis_id": self.analysis_id,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            model_name=record["model_name"],
            model_version=record["model_version"],
            analysis_id=record["analysis_id"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisStarted:
    """The algorithm began.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    model_name: Algorithm, as its maker names it.
    model_version: Its version.
    analysis_id: Links request, start and result of one analysis.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.AnalysisStarted"
    SWIM_CODE: ClassVar[str | None] = "RID45834"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    model_name: str
    model_version: str | None = None
    analysis_id: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "model_name": self.model_name,
            "model_version": self.model_version,
            "analysis_id": self.analysis_id,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            model_name=record["model_name"],
            model_version=record["model_version"],
            analysis_id=record["analysis_id"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AppointmentCancelled:
    """The appointment was taken back, the order stands (SIU^S15).

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    scheduled_at: The appointed time, UTC.
    reason: Coded reason, as the source has it; free text belongs into phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.AppointmentCancelled"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    scheduled_at: datetime | None = None
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "scheduled_at": self.scheduled_at,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            scheduled_at=record["scheduled_at"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveRepaired:
    """An object of the archive was lost or altered and is there again: a source had the bytes whose
    digest is signed.

    envelope: What every event says about itself.
    object: Name of the object.
    sha256: Its SHA-256, as the archive's signed documents say, 64 hexadecimal digits.
    found_in: Where the bytes came from: earlier version, kafka, a directory, a bucket.
    repaired_by: Who did it, pseudonym.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ArchiveRepaired"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    object: str
    sha256: str
    found_in: str
    repaired_by: str

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "object": self.object,
            "sha256": self.sha256,
            "found_in": self.found_in,
            "repaired_by": self.repaired_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            object=record["object"],
            sha256=record["sha256"],
            found_in=record["found_in"],
            repaired_by=record["repaired_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ContrastAdministered:
    """Contrast medium was given.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    agent: Contrast agent, as the source codes it (ContrastBolusAgent (0018,0010)).
    route: Route of administration: IV, PO, ... (ContrastBolusRoute (0018,1040)).
    volume_ml: Volume, ml (ContrastBolusVolume (0018,1041)).
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ContrastAdministered"
    SWIM_CODE: ClassVar[str | None] = "RID45889"

    envelope: Envelope
    accession_number: str | None = None
    agent: str | None = None
    route: str | None = None
    volume_ml: float | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "agent": self.agent,
            "route": self.route,
            "volume_ml": self.volume_ml,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            agent=record["agent"],
            route=record["route"],
            volume_ml=record["volume_ml"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalNotificationAttempted:
    """Someone tried to reach the referring side about a critical result.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    notification_id: Links the attempts, the notification and its acknowledgement.
    category: ACR category: 1 minutes, 2 hours, 3 days.
    notified_by: Who tried, pseudonym.
    recipient: Who was to be reached, pseudonym.
    channel: telephone, pager, message, in_person.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.CriticalNotificationAttempted"
    SWIM_CODE: ClassVar[str | None] = "RID45831"

    envelope: Envelope
    accession_number: str | None = None
    notification_id: str | None = None
    category: str | None = None
    notified_by: str | None = None
    recipient: str | None = None
    channel: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "notification_id": self.notification_id,
            "category": self.category,
            "notified_by": self.notified_by,
            "recipient": self.recipient,
            "channel": self.channel,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            notification_id=record["notification_id"],
            category=record["category"],
            notified_by=record["notified_by"],
            recipient=record["recipient"],
            channel=record["channel"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalResultAcknowledged:
    """The referring side acknowledged a critical result.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    notification_id: Links the attempts, the notification and its acknowledgement.
    category: ACR category: 1 minutes, 2 hours, 3 days.
    acknowledged_by: Who acknowledged it, pseudonym.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.CriticalResultAcknowledged"
    SWIM_CODE: ClassVar[str | None] = "RID45930"

    envelope: Envelope
    accession_number: str | None = None
    notification_id: str | None = None
    category: str | None = None
    acknowledged_by: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "notification_id": self.notification_id,
            "category": self.category,
            "acknowledged_by": self.acknowledged_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            notification_id=record["notification_id"],
            category=record["category"],
            acknowledged_by=record["acknowledged_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalResultNotified:
    """A critical result was told to the referring side.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    notification_id: Links the attempts, the notification and its acknowledgement.
    category: ACR category: 1 minutes, 2 hours, 3 days.
    notified_by: Who told it, pseudonym.
    recipient: Who was told, pseudonym.
    channel: telephone, pager, message, in_person.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.CriticalResultNotified"
    SWIM_CODE: ClassVar[str | None] = "RID45854"

    envelope: Envelope
    accession_number: str | None = None
    notification_id: str | None = None
    category: str | None = None
    notified_by: str | None = None
    recipient: str | None = None
    channel: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "notification_id": self.notification_id,
            "category": self.category,
            "notified_by": self.notified_by,
            "recipient": self.recipient,
            "channel": self.channel,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            notification_id=record["notification_id"],
            category=record["category"],
            notified_by=record["notified_by"],
            recipient=record["recipient"],
            channel=record["channel"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayRecorded:
    """The exam waits for a reason that someone named.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    delay_code: RadLex SWIM delay code: RID45954 to RID45974.
    stage: Stage that is delayed.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.DelayRecorded"
    SWIM_CODE: ClassVar[str | None] = "RID45953"

    envelope: Envelope
    accession_number: str | None = None
    delay_code: str
    stage: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "delay_code": self.delay_code,
            "stage": self.stage,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            delay_code=record["delay_code"],
            stage=record["stage"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DictationStarted:
    """The dictation began.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    reported_by: Reading radiologist (OBR-32), pseudonym.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.DictationStarted"
    SWIM_CODE: ClassVar[str | None] = "RID45858"

    envelope: Envelope
    accession_number: str | None = None
    reported_by: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "reported_by": self.reported_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            reported_by=record["reported_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DischargeCancelled:
    """A discharge was taken back (ADT^A13).

    envelope: What every event says about itself.
    visit_number: PV1-19.1.
    location: Assigned patient location (PV1-3), point of care.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.DischargeCancelled"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    visit_number: str | None = None
    location: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "visit_number": self.visit_number,
            "location": self.location,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            visit_number=record["visit_number"],
            location=record["location"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DoseReported:
    """Radiation dose of the acquisition, as the scanner reports it.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    ctdivol_mgy: CTDIvol, mGy, the greatest of its series.
    dlp_mgycm: Dose length product, mGy·cm, all series together.
    dap_gycm2: Dose area product, Gy·cm².
    exposure_count: Total number of exposures (0040,0301).
    fluoroscopy_s: Total time of fluoroscopy, seconds (0040,0300).
    station_ae_title: Scanner, by its AE title.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.DoseReported"
    SWIM_CODE: ClassVar[str | None] = "RID45949"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    modality: str | None = None
    ctdivol_mgy: float | None = None
    dlp_mgycm: float | None = None
    dap_gycm2: float | None = None
    exposure_count: int | None = None
    fluoroscopy_s: float | None = None
    station_ae_title: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "modality": self.modality,
            "ctdivol_mgy": self.ctdivol_mgy,
            "dlp_mgycm": self.dlp_mgycm,
            "dap_gycm2": self.dap_gycm2,
            "exposure_count": self.exposure_count,
            "fluoroscopy_s": self.fluoroscopy_s,
            "station_ae_title": self.station_ae_title,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            modality=record["modality"],
            ctdivol_mgy=record["ctdivol_mgy"],
            dlp_mgycm=record["dlp_mgycm"],
            dap_gycm2=record["dap_gycm2"],
            exposure_count=record["exposure_count"],
            fluoroscopy_s=record["fluoroscopy_s"],
            station_ae_title=record["station_ae_title"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureCertified:
    """The erasure is done, and every store was searched after it.

    envelope: What every event says about itself.
    request_id: The request.
    certificate: The signed certificate: two lines of JSON, what is said and the Ed25519 signature over
        it.
    certificate_sha256: SHA-256 of the certificate, 64 hexadecimal digits.
    is_complete: Whether everything that was searched is closed.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ErasureCertified"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    request_id: str
    certificate: str
    certificate_sha256: str
    is_complete: bool

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "request_id": self.request_id,
            "certificate": self.certificate,
            "certificate_sha256": self.certificate_sha256,
            "is_complete": self.is_complete,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            request_id=record["request_id"],
            certificate=record["certificate"],
            certificate_sha256=record["certificate_sha256"],
            is_complete=record["is_complete"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureConfirmed:
    """The erasure is decided, and cannot be taken back: what is named here is destroyed, whoever dies
    meanwhile. Void where a legal hold on the patient stands before it in the topic, where it comes after
    the request's end, or where it is the second.

    envelope: What every event says about itself.
    request_id: The request.
    confirmed_by: User who confirmed it.
    key_ids: The last data key of each subject whose keys are destroyed, `subject/generation`. Subjects:
        patient keys, `study|UID` of images without PatientID, `deadletters|ID` of dead letters. What is
        said of the patient afterwards has the next generation, and is not touched.
    undecided: Dead letters that may be about the patient, by their ids: people have to look.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ErasureConfirmed"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    request_id: str
    confirmed_by: str
    key_ids: tuple[str, ...]
    undecided: tuple[str, ...]

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "request_id": self.request_id,
            "confirmed_by": self.confirmed_by,
            "key_ids": list(self.key_ids),
            "undecided": list(self.undecided),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            request_id=record["request_id"],
            confirmed_by=record["confirmed_by"],
            key_ids=tuple(record["key_ids"]),
            undecided=tuple(record["undecided"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErasureRequested:
    """Someone who may asked that a patient be erased; nothing is destroyed before it is confirmed.

    envelope: What every event says about itself.
    request_id: UUID of the request.
    erasure_reason: Why, in coded form.
    patient_keys: The patient's key, and those of every number that was merged with it.
    requested_by: User who asked.
    code_sha256: SHA-256 of the code that confirms it, 64 hexadecimal digits.
    expires_at: Until when it can be confirmed, UTC.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ErasureRequested"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    request_id: str
    erasure_reason: str
    patient_keys: tuple[str, ...]
    requested_by: str
    code_sha256: str
    expires_at: datetime

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "request_id": self.request_id,
            "erasure_reason": self.erasure_reason,
            "patient_keys": list(self.patient_keys),
            "requested_by": self.requested_by,
            "code_sha256": self.code_sha256,
            "expires_at": self.expires_at,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            request_id=record["request_id"],
            erasure_reason=record["erasure_reason"],
            patient_keys=tuple(record["patient_keys"]),
            requested_by=record["requested_by"],
            code_sha256=record["code_sha256"],
            expires_at=record["expires_at"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCorrected:
    """An earlier event was wrong: envelope.corrects names it, and the views forget it.

    envelope: What every event says about itself.
    reason: Why, in coded form; free text belongs into phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.EventCorrected"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamAssigned:
    """The exam was given to a reader, a technologist or a room.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    role: reader, technologist or room.
    assigned_to: Who has it now; a room by its name instead, pseudonym.
    room: Examination room, as the site names it.
    station_ae_title: Scanner, by its AE title.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ExamAssigned"
    SWIM_CODE: ClassVar[str | None] = "RID45863"

    envelope: Envelope
    accession_number: str | None = None
    role: str | None = None
    assigned_to: str | None = None
    room: str | None = None
    station_ae_title: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "role": self.role,
            "assigned_to": self.assigned_to,
            "room": self.room,
            "station_ae_title": self.station_ae_title,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            role=record["role"],
            assigned_to=record["assigned_to"],
            room=record["room"],
            station_ae_title=record["station_ae_title"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamOpened:
    """A radiologist opened the exam.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    opened_by: Who opened it, pseudonym.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ExamOpened"
    SWIM_CODE: ClassVar[str | None] = "RID45893"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    opened_by: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "opened_by": self.opened_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            opened_by=record["opened_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamProtocolled:
    """A radiologist chose the protocol.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    protocol_code: Protocol as the site codes it.
    protocol_name: Protocol's name.
    protocolled_by: Who chose it, pseudonym.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ExamProtocolled"
    SWIM_CODE: ClassVar[str | None] = "RID45824"

    envelope: Envelope
    accession_number: str | None = None
    protocol_code: str | None = None
    protocol_name: str | None = None
    protocolled_by: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "protocol_code": self.protocol_code,
            "protocol_name": self.protocol_name,
            "protocolled_by": self.protocolled_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            protocol_code=record["protocol_code"],
            protocol_name=record["protocol_name"],
            protocolled_by=record["protocolled_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamReconciled:
    """Events of one exam_id belong to another: said under both. Under into_exam_id it carries what the
    other one's images came to; said again, as another event, when more of them come.

    envelope: What every event says about itself.
    from_exam_id: exam_id under which the study's events came while no accession was known.
    into_exam_id: exam_id that they belong to.
    study_instance_uid: StudyInstanceUID (0020,000D).
    reconciled_by: Who decided it; null where an order named the study, pseudonym.
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    first_image_at: First image in the archive, UTC.
    stored_at: Images of the study in the archive, UTC.
    series_count: Series of the study in the archive.
    instance_count: Images of the study in the archive.
    images_patient_key: patient_key that the images name: where it is not the order's, the study may be
        mislabelled.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ExamReconciled"
    SWIM_CODE: ClassVar[str | None] = "RID45921"

    envelope: Envelope
    from_exam_id: str
    into_exam_id: str
    study_instance_uid: str | None = None
    reconciled_by: str | None = None
    modality: str | None = None
    first_image_at: datetime | None = None
    stored_at: datetime | None = None
    series_count: int | None = None
    instance_count: int | None = None
    images_patient_key: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "from_exam_id": self.from_exam_id,
            "into_exam_id": self.into_exam_id,
            "study_instance_uid": self.study_instance_uid,
            "reconciled_by": self.reconciled_by,
            "modality": self.modality,
            "first_image_at": self.first_image_at,
            "stored_at": self.stored_at,
            "series_count": self.series_count,
            "instance_count": self.instance_count,
            "images_patient_key": self.images_patient_key,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            from_exam_id=record["from_exam_id"],
            into_exam_id=record["into_exam_id"],
            study_instance_uid=record["study_instance_uid"],
            reconciled_by=record["reconciled_by"],
            modality=record["modality"],
            first_image_at=record["first_image_at"],
            stored_at=record["stored_at"],
            series_count=record["series_count"],
            instance_count=record["instance_count"],
            images_patient_key=record["images_patient_key"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamRescheduled:
    """The exam got another time (SIU^S13, ORC-1 XO).

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    scheduled_at: The appointed time, UTC.
    previous_scheduled_at: The time it had before, UTC, where the source says it.
    station_ae_title: Scanner, by its AE title.
    room: Examination room, as the site names it.
    reason: Coded reason, as the source has it; free text belongs into phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ExamRescheduled"
    SWIM_CODE: ClassVar[str | None] = "RID45814"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    scheduled_at: datetime | None = None
    previous_scheduled_at: datetime | None = None
    station_ae_title: str | None = None
    room: str | None = None
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "scheduled_at": self.scheduled_at,
            "previous_scheduled_at": self.previous_scheduled_at,
            "station_ae_title": self.station_ae_title,
            "room": self.room,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            scheduled_at=record["scheduled_at"],
            previous_scheduled_at=record["previous_scheduled_at"],
            station_ae_title=record["station_ae_title"],
            room=record["room"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamScheduled:
    """The exam got a time.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    scheduled_at: The appointed time, UTC.
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    procedure_code: OBR-4.1, the procedure as the site codes it.
    procedure_name: OBR-4.2, the procedure's name.
    station_ae_title: Scanner, by its AE title.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ExamScheduled"
    SWIM_CODE: ClassVar[str | None] = "RID45814"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    scheduled_at: datetime | None = None
    modality: str | None = None
    procedure_code: str | None = None
    procedure_name: str | None = None
    station_ae_title: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "scheduled_at": self.scheduled_at,
            "modality": self.modality,
            "procedure_code": self.procedure_code,
            "procedure_name": self.procedure_name,
            "station_ae_title": self.station_ae_title,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            scheduled_at=record["scheduled_at"],
            modality=record["modality"],
            procedure_code=record["procedure_code"],
            procedure_name=record["procedure_name"],
            station_ae_title=record["station_ae_title"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamUnreconciled:
    """A reconciliation was wrong; said under both exam_ids. It takes back every ExamReconciled of the
    pair that was recorded before.

    envelope: What every event says about itself.
    from_exam_id: exam_id under which the study's events came while no accession was known.
    into_exam_id: exam_id that they belong to.
    unreconciled_by: Who decided it, pseudonym.
    reason: Coded reason, as the source has it; free text belongs into phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ExamUnreconciled"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    from_exam_id: str
    into_exam_id: str
    unreconciled_by: str | None = None
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "from_exam_id": self.from_exam_id,
            "into_exam_id": self.into_exam_id,
            "unreconciled_by": self.unreconciled_by,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            from_exam_id=record["from_exam_id"],
            into_exam_id=record["into_exam_id"],
            unreconciled_by=record["unreconciled_by"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalReportPublished:
    """The report is final (OBR-25 F): the end of report turnaround.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    reported_by: Reading radiologist (OBR-32), pseudonym.
    report_sha256: SHA-256 of the report text as UTF-8; the text itself is in phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.FinalReportPublished"
    SWIM_CODE: ClassVar[str | None] = "RID45865"

    envelope: Envelope
    accession_number: str | None = None
    reported_by: str | None = None
    report_sha256: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "reported_by": self.reported_by,
            "report_sha256": self.report_sha256,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            reported_by=record["reported_by"],
            report_sha256=record["report_sha256"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstImageAcquired:
    """The scanner made the first image.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    station_ae_title: Scanner, by its AE title.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.FirstImageAcquired"
    SWIM_CODE: ClassVar[str | None] = "RID46001"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    modality: str | None = None
    station_ae_title: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "modality": self.modality,
            "station_ae_title": self.station_ae_title,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            modality=record["modality"],
            station_ae_title=record["station_ae_title"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstImageStored:
    """The first image of a study that an association brought is in the archive.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    calling_ae_title: Who sent it.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.FirstImageStored"
    SWIM_CODE: ClassVar[str | None] = "RID46001"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str
    modality: str | None = None
    calling_ae_title: str

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "modality": self.modality,
            "calling_ae_title": self.calling_ae_title,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            modality=record["modality"],
            calling_ae_title=record["calling_ae_title"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesStored:
    """An association ended: what it brought of the study is in the archive.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    series_count: Series of the study in the archive.
    instance_count: Images of the study in the archive.
    size_bytes: Their size together.
    calling_ae_title: Who sent them.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ImagesStored"
    SWIM_CODE: ClassVar[str | None] = "RID45871"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str
    modality: str | None = None
    series_count: int
    instance_count: int
    size_bytes: int
    calling_ae_title: str

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "modality": self.modality,
            "series_count": self.series_count,
            "instance_count": self.instance_count,
            "size_bytes": self.size_bytes,
            "calling_ae_title": self.calling_ae_title,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            modality=record["modality"],
            series_count=record["series_count"],
            instance_count=record["instance_count"],
            size_bytes=record["size_bytes"],
            calling_ae_title=record["calling_ae_title"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagesViewed:
    """Someone looked at the images outside of the reading.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    viewed_by: Who looked, pseudonym.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ImagesViewed"
    SWIM_CODE: ClassVar[str | None] = "RID45843"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    viewed_by: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "viewed_by": self.viewed_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            viewed_by=record["viewed_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceQuarantined:
    """An image was put aside: it contradicts what is stored, or cannot be trusted.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    series_instance_uid: SeriesInstanceUID (0020,000E).
    sop_instance_uid: SOPInstanceUID (0008,0018).
    reason: same_uid_other_content, unreadable, or another coded reason.
    sha256: SHA-256 of what came, 64 hexadecimal digits.
    object_key: Where it lies in the quarantine bucket.
    calling_ae_title: Who sent it.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.InstanceQuarantined"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    sop_instance_uid: str | None = None
    reason: str
    sha256: str
    object_key: str | None = None
    calling_ae_title: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "series_instance_uid": self.series_instance_uid,
            "sop_instance_uid": self.sop_instance_uid,
            "reason": self.reason,
            "sha256": self.sha256,
            "object_key": self.object_key,
            "calling_ae_title": self.calling_ae_title,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            series_instance_uid=record["series_instance_uid"],
            sop_instance_uid=record["sop_instance_uid"],
            reason=record["reason"],
            sha256=record["sha256"],
            object_key=record["object_key"],
            calling_ae_title=record["calling_ae_title"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStored:
    """One image is durable in the object store.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    series_instance_uid: SeriesInstanceUID (0020,000E).
    sop_instance_uid: SOPInstanceUID (0008,0018).
    sop_class_uid: SOPClassUID (0008,0016).
    transfer_syntax_uid: Transfer syntax as received and stored.
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    size_bytes: Size of the stored object.
    sha256: SHA-256 of the stored object, 64 hexadecimal digits.
    object_key: studies/<study>/<series>/<instance>.dcm in the image bucket.
    calling_ae_title: Who sent it.
    acquired_at: AcquisitionDateTime or the nearest that the image has, UTC.
    study_date: StudyDate (0008,0020) as the image has it, by the site's clock: YYYYMMDD.
    study_time: StudyTime (0008,0030), the same: HHMMSS.FFFFFF, shorter where less is known.
    study_id: StudyID (0020,0010).
    series_number: SeriesNumber (0020,0011).
    instance_number: InstanceNumber (0020,0013).
    number_of_frames: NumberOfFrames (0028,0008), null for a single frame.
    rows: Rows (0028,0010).
    columns: Columns (0028,0011).
    body_part: BodyPartExamined (0018,0015): CHEST, WRIST, ...
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.InstanceStored"
    SWIM_CODE: ClassVar[str | None] = "RID45871"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    modality: str | None = None
    size_bytes: int
    sha256: str
    object_key: str
    calling_ae_title: str
    acquired_at: datetime | None = None
    study_date: str | None = None
    study_time: str | None = None
    study_id: str | None = None
    series_number: int | None = None
    instance_number: int | None = None
    number_of_frames: int | None = None
    rows: int | None = None
    columns: int | None = None
    body_part: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "series_instance_uid": self.series_instance_uid,
            "sop_instance_uid": self.sop_instance_uid,
            "sop_class_uid": self.sop_class_uid,
            "transfer_syntax_uid": self.transfer_syntax_uid,
            "modality": self.modality,
            "size_bytes": self.size_bytes,
            "sha256": self.sha256,
            "object_key": self.object_key,
            "calling_ae_title": self.calling_ae_title,
            "acquired_at": self.acquired_at,
            "study_date": self.study_date,
            "study_time": self.study_time,
            "study_id": self.study_id,
            "series_number": self.series_number,
            "instance_number": self.instance_number,
            "number_of_frames": self.number_of_frames,
            "rows": self.rows,
            "columns": self.columns,
            "body_part": self.body_part,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            series_instance_uid=record["series_instance_uid"],
            sop_instance_uid=record["sop_instance_uid"],
            sop_class_uid=record["sop_class_uid"],
            transfer_syntax_uid=record["transfer_syntax_uid"],
            modality=record["modality"],
            size_bytes=record["size_bytes"],
            sha256=record["sha256"],
            object_key=record["object_key"],
            calling_ae_title=record["calling_ae_title"],
            acquired_at=record["acquired_at"],
            study_date=record["study_date"],
            study_time=record["study_time"],
            study_id=record["study_id"],
            series_number=record["series_number"],
            instance_number=record["instance_number"],
            number_of_frames=record["number_of_frames"],
            rows=record["rows"],
            columns=record["columns"],
            body_part=record["body_part"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InterpretationStarted:
    """The reading began.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    read_by: Who reads, pseudonym.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.InterpretationStarted"
    SWIM_CODE: ClassVar[str | None] = "RID45874"

    envelope: Envelope
    accession_number: str | None = None
    read_by: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "read_by": self.read_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            read_by=record["read_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class InterpretationSuspended:
    """The reading was interrupted; the exam waits again.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    read_by: Who had read, pseudonym.
    reason: Coded reason, as the source has it; free text belongs into phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.InterpretationSuspended"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    read_by: str | None = None
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "read_by": self.read_by,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            read_by=record["read_by"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHoldReleased:
    """The hold no longer stands; others may.

    envelope: What every event says about itself.
    hold_id: The hold.
    release_reason: Why, in coded form.
    released_by: User who released it.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.LegalHoldReleased"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    hold_id: str
    release_reason: str
    released_by: str

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "hold_id": self.hold_id,
            "release_reason": self.release_reason,
            "released_by": self.released_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            hold_id=record["hold_id"],
            release_reason=record["release_reason"],
            released_by=record["released_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalHoldSet:
    """What concerns this exam, or this patient with every exam, stays: no erasure, no rule of retention
    takes it.

    envelope: What every event says about itself.
    hold_id: UUID of the hold.
    hold_reason: Why, in coded form.
    set_by: User who set it.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.LegalHoldSet"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    hold_id: str
    hold_reason: str
    set_by: str

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "hold_id": self.hold_id,
            "hold_reason": self.hold_reason,
            "set_by": self.set_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            hold_id=record["hold_id"],
            hold_reason=record["hold_reason"],
            set_by=record["set_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MismatchDetected:
    """Images and order contradict each other: the study may be mislabelled.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    attribute: What does not agree: patient, accession_number, modality, ...
    expected_patient_key: patient_key of the order.
    found_patient_key: patient_key of the images.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.MismatchDetected"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    attribute: str
    expected_patient_key: str | None = None
    found_patient_key: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "attribute": self.attribute,
            "expected_patient_key": self.expected_patient_key,
            "found_patient_key": self.found_patient_key,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            attribute=record["attribute"],
            expected_patient_key=record["expected_patient_key"],
            found_patient_key=record["found_patient_key"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled:
    """The order was cancelled before acquisition.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    reason: Coded reason, as the source has it.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.OrderCancelled"
    SWIM_CODE: ClassVar[str | None] = "RID45862"

    envelope: Envelope
    accession_number: str | None = None
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderChanged:
    """An order was changed (ORC-1 XO): what is given is what holds now.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    placer_order_number: ORC-2.1.
    filler_order_number: ORC-3.1.
    study_instance_uid: StudyInstanceUID (0020,000D).
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    procedure_code: OBR-4.1, the procedure as the site codes it.
    procedure_name: OBR-4.2, the procedure's name.
    priority: STAT, ASAP, ROUTINE, PREOP, CALLBACK or TIMING (HL7 table 0485).
    patient_class: HL7 table 0004: E emergency, I inpatient, O outpatient, P preadmit, R recurring.
    location: Assigned patient location (PV1-3), point of care.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.OrderChanged"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    placer_order_number: str | None = None
    filler_order_number: str | None = None
    study_instance_uid: str | None = None
    modality: str | None = None
    procedure_code: str | None = None
    procedure_name: str | None = None
    priority: str | None = None
    patient_class: str | None = None
    location: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "placer_order_number": self.placer_order_number,
            "filler_order_number": self.filler_order_number,
            "study_instance_uid": self.study_instance_uid,
            "modality": self.modality,
            "procedure_code": self.procedure_code,
            "procedure_name": self.procedure_name,
            "priority": self.priority,
            "patient_class": self.patient_class,
            "location": self.location,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            placer_order_number=record["placer_order_number"],
            filler_order_number=record["filler_order_number"],
            study_instance_uid=record["study_instance_uid"],
            modality=record["modality"],
            procedure_code=record["procedure_code"],
            procedure_name=record["procedure_name"],
            priority=record["priority"],
            patient_class=record["patient_class"],
            location=record["location"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderHeld:
    """An order is on hold (ORC-1 HD, ORC-5 HD).

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    reason: Coded reason, as the source has it; free text belongs into phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.OrderHeld"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced:
    """An imaging order was placed.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    placer_order_number: ORC-2.1.
    filler_order_number: ORC-3.1.
    study_instance_uid: StudyInstanceUID (0020,000D).
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    procedure_code: OBR-4.1, the procedure as the site codes it.
    procedure_name: OBR-4.2, the procedure's name.
    priority: STAT, ASAP, ROUTINE, PREOP, CALLBACK or TIMING (HL7 table 0485).
    patient_class: HL7 table 0004: E emergency, I inpatient, O outpatient, P preadmit, R recurring.
    location: Assigned patient location (PV1-3), point of care.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.OrderPlaced"
    SWIM_CODE: ClassVar[str | None] = "RID45813"

    envelope: Envelope
    accession_number: str | None = None
    placer_order_number: str | None = None
    filler_order_number: str | None = None
    study_instance_uid: str | None = None
    modality: str | None = None
    procedure_code: str | None = None
    procedure_name: str | None = None
    priority: str | None = None
    patient_class: str | None = None
    location: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "placer_order_number": self.placer_order_number,
            "filler_order_number": self.filler_order_number,
            "study_instance_uid": self.study_instance_uid,
            "modality": self.modality,
            "procedure_code": self.procedure_code,
            "procedure_name": self.procedure_name,
            "priority": self.priority,
            "patient_class": self.patient_class,
            "location": self.location,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            placer_order_number=record["placer_order_number"],
            filler_order_number=record["filler_order_number"],
            study_instance_uid=record["study_instance_uid"],
            modality=record["modality"],
            procedure_code=record["procedure_code"],
            procedure_name=record["procedure_name"],
            priority=record["priority"],
            patient_class=record["patient_class"],
            location=record["location"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReleased:
    """A held order goes on (ORC-1 RL).

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.OrderReleased"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReplaced:
    """An order was replaced by another (ORC-1 RP, RU, RO).

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    placer_order_number: ORC-2.1.
    filler_order_number: ORC-3.1.
    replaced_by_exam_id: exam_id of the order that takes its place.
    reason: Coded reason, as the source has it; free text belongs into phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.OrderReplaced"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    placer_order_number: str | None = None
    filler_order_number: str | None = None
    replaced_by_exam_id: str | None = None
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "placer_order_number": self.placer_order_number,
            "filler_order_number": self.filler_order_number,
            "replaced_by_exam_id": self.replaced_by_exam_id,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            placer_order_number=record["placer_order_number"],
            filler_order_number=record["filler_order_number"],
            replaced_by_exam_id=record["replaced_by_exam_id"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientArrived:
    """The patient arrived for the exam.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.PatientArrived"
    SWIM_CODE: ClassVar[str | None] = "RID45825"

    envelope: Envelope
    accession_number: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientDischarged:
    """The patient left the hospital or the visit ended (ADT^A03).

    envelope: What every event says about itself.
    visit_number: PV1-19.1.
    location: Assigned patient location (PV1-3), point of care.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.PatientDischarged"
    SWIM_CODE: ClassVar[str | None] = "RID45860"

    envelope: Envelope
    visit_number: str | None = None
    location: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "visit_number": self.visit_number,
            "location": self.location,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            visit_number=record["visit_number"],
            location=record["location"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientEnteredRoom:
    """The patient is in the examination room.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    room: Examination room, as the site names it.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.PatientEnteredRoom"
    SWIM_CODE: ClassVar[str | None] = "RID45897"

    envelope: Envelope
    accession_number: str | None = None
    room: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "room": self.room,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            room=record["room"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientErased:
    """The patient's data keys were destroyed: what they sealed stays closed for ever. Everything else
    stays as it was, and every proof holds.

    envelope: What every event says about itself.
    keys_destroyed: How many data keys there were.
    erasure_reason: Why, in coded form.
    requested_by: Who asked for it, pseudonym.
    confirmed_by: Who confirmed it, pseudonym.
    request_id: The request that it follows from.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.PatientErased"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    keys_destroyed: int
    erasure_reason: str
    requested_by: str | None = None
    confirmed_by: str | None = None
    request_id: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "keys_destroyed": self.keys_destroyed,
            "erasure_reason": self.erasure_reason,
            "requested_by": self.requested_by,
            "confirmed_by": self.confirmed_by,
            "request_id": self.request_id,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            keys_destroyed=record["keys_destroyed"],
            erasure_reason=record["erasure_reason"],
            requested_by=record["requested_by"],
            confirmed_by=record["confirmed_by"],
            request_id=record["request_id"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientLeftRoom:
    """The patient left the examination room.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    room: Examination room, as the site names it.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.PatientLeftRoom"
    SWIM_CODE: ClassVar[str | None] = "RID45899"

    envelope: Envelope
    accession_number: str | None = None
    room: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "room": self.room,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            room=record["room"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientMerged:
    """Two patient records were found to be one person (ADT^A40): envelope.patient_key is the one that
    stays. Said once under the key of each of the two, and under each exam of either.

    envelope: What every event says about itself.
    merged_patient_key: patient_key of the record that goes, 64 hexadecimal digits.
    surviving_patient_key: patient_key of the record that stays, 64 hexadecimal digits.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.PatientMerged"
    SWIM_CODE: ClassVar[str | None] = "RID45898"

    envelope: Envelope
    merged_patient_key: str
    surviving_patient_key: str

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "merged_patient_key": self.merged_patient_key,
            "surviving_patient_key": self.surviving_patient_key,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            merged_patient_key=record["merged_patient_key"],
            surviving_patient_key=record["surviving_patient_key"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientMissedAppointment:
    """The patient did not come (SIU^S26).

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    scheduled_at: The appointed time, UTC.
    reason: Coded reason, as the source has it; free text belongs into phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.PatientMissedAppointment"
    SWIM_CODE: ClassVar[str | None] = "RID45954"

    envelope: Envelope
    accession_number: str | None = None
    scheduled_at: datetime | None = None
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "scheduled_at": self.scheduled_at,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            scheduled_at=record["scheduled_at"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientPrepared:
    """The patient is prepared and waits for the exam.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.PatientPrepared"
    SWIM_CODE: ClassVar[str | None] = "RID45900"

    envelope: Envelope
    accession_number: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRegistered:
    """A patient was registered (ADT^A04).

    envelope: What every event says about itself.
    patient_class: HL7 table 0004.
    location: Assigned patient location (PV1-3), point of care.
    visit_number: PV1-19.1.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.PatientRegistered"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    patient_class: str | None = None
    location: str | None = None
    visit_number: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "patient_class": self.patient_class,
            "location": self.location,
            "visit_number": self.visit_number,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            patient_class=record["patient_class"],
            location=record["location"],
            visit_number=record["visit_number"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientUnmerged:
    """A merge was wrong (ADT^A37, A45): envelope.corrects names the PatientMerged that it takes back,
    where that is known.

    envelope: What every event says about itself.
    merged_patient_key: patient_key of the record that is on its own again.
    surviving_patient_key: patient_key that it had been merged into.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.PatientUnmerged"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    merged_patient_key: str
    surviving_patient_key: str

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "merged_patient_key": self.merged_patient_key,
            "surviving_patient_key": self.surviving_patient_key,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            merged_patient_key=record["merged_patient_key"],
            surviving_patient_key=record["surviving_patient_key"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientUpdated:
    """What is known of a patient changed (ADT^A08, A31).

    envelope: What every event says about itself.
    patient_class: HL7 table 0004: E emergency, I inpatient, O outpatient, P preadmit, R recurring.
    location: Assigned patient location (PV1-3), point of care.
    visit_number: PV1-19.1.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.PatientUpdated"
    SWIM_CODE: ClassVar[str | None] = "RID45838"

    envelope: Envelope
    patient_class: str | None = None
    location: str | None = None
    visit_number: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "patient_class": self.patient_class,
            "location": self.location,
            "visit_number": self.visit_number,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            patient_class=record["patient_class"],
            location=record["location"],
            visit_number=record["visit_number"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PreliminaryReportPublished:
    """A preliminary report can be read (OBR-25 P).

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    reported_by: Reading radiologist (OBR-32), pseudonym.
    report_sha256: SHA-256 of the report text as UTF-8; the text itself is in phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.PreliminaryReportPublished"
    SWIM_CODE: ClassVar[str | None] = "RID45911"

    envelope: Envelope
    accession_number: str | None = None
    reported_by: str | None = None
    report_sha256: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "reported_by": self.reported_by,
            "report_sha256": self.report_sha256,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            reported_by=record["reported_by"],
            report_sha256=record["report_sha256"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PriorityChanged:
    """The exam's priority changed.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    priority: STAT, ASAP, ROUTINE, PREOP, CALLBACK or TIMING (HL7 table 0485).
    previous_priority: Priority before, where the source says it.
    reason: Coded reason, as the source has it; free text belongs into phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.PriorityChanged"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    priority: str | None = None
    previous_priority: str | None = None
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "priority": self.priority,
            "previous_priority": self.previous_priority,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            priority=record["priority"],
            previous_priority=record["previous_priority"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAcknowledged:
    """The referring side acknowledged the result.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    report_sha256: SHA-256 of the report text as UTF-8; the text itself is in phi.
    acknowledged_by: Who acknowledged it, pseudonym.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ReportAcknowledged"
    SWIM_CODE: ClassVar[str | None] = "RID45930"

    envelope: Envelope
    accession_number: str | None = None
    report_sha256: str | None = None
    acknowledged_by: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "report_sha256": self.report_sha256,
            "acknowledged_by": self.acknowledged_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            report_sha256=record["report_sha256"],
            acknowledged_by=record["acknowledged_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAddended:
    """An addendum was added to a final report.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    reported_by: Reading radiologist (OBR-32), pseudonym.
    report_sha256: SHA-256 of the report text as UTF-8; the text itself is in phi.
    report_id: The report's own identifier at the source (TXA-12, OBR-3 of a report, SR SOPInstanceUID).
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ReportAddended"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    reported_by: str | None = None
    report_sha256: str | None = None
    report_id: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "reported_by": self.reported_by,
            "report_sha256": self.report_sha256,
            "report_id": self.report_id,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            reported_by=record["reported_by"],
            report_sha256=record["report_sha256"],
            report_id=record["report_id"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCancelled:
    """A report was withdrawn (OBR-25 X).

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    reported_by: Reading radiologist (OBR-32), pseudonym.
    report_id: The report's own identifier at the source (TXA-12, OBR-3 of a report, SR SOPInstanceUID).
    reason: Coded reason, as the source has it; free text belongs into phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ReportCancelled"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    reported_by: str | None = None
    report_id: str | None = None
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "reported_by": self.reported_by,
            "report_id": self.report_id,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            reported_by=record["reported_by"],
            report_id=record["report_id"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCorrected:
    """A final report was corrected (OBR-25 C).

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    reported_by: Reading radiologist (OBR-32), pseudonym.
    report_sha256: SHA-256 of the report text as UTF-8; the text itself is in phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ReportCorrected"
    SWIM_CODE: ClassVar[str | None] = "RID45850"

    envelope: Envelope
    accession_number: str | None = None
    reported_by: str | None = None
    report_sha256: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "reported_by": self.reported_by,
            "report_sha256": self.report_sha256,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            reported_by=record["reported_by"],
            report_sha256=record["report_sha256"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDelivered:
    """The report reached another system.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    report_sha256: SHA-256 of the report text as UTF-8; the text itself is in phi.
    destination: Where it went: receiving application and facility, or an address.
    attempt_count: How many attempts it took.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ReportDelivered"
    SWIM_CODE: ClassVar[str | None] = "RID45865"

    envelope: Envelope
    accession_number: str | None = None
    report_sha256: str | None = None
    destination: str
    attempt_count: int | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "report_sha256": self.report_sha256,
            "destination": self.destination,
            "attempt_count": self.attempt_count,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            report_sha256=record["report_sha256"],
            destination=record["destination"],
            attempt_count=record["attempt_count"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDeliveryFailed:
    """The report could not be delivered within the bound, and lies with the dead letters.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    report_sha256: SHA-256 of the report text as UTF-8; the text itself is in phi.
    destination: Where it should have gone.
    attempt_count: How many attempts were made.
    reason: Last answer, in coded form.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ReportDeliveryFailed"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    report_sha256: str | None = None
    destination: str
    attempt_count: int
    reason: str

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "report_sha256": self.report_sha256,
            "destination": self.destination,
            "attempt_count": self.attempt_count,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            report_sha256=record["report_sha256"],
            destination=record["destination"],
            attempt_count=record["attempt_count"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDictated:
    """A report was dictated and waits for verification (OBR-25 R).

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    reported_by: Reading radiologist (OBR-32), pseudonym.
    report_sha256: SHA-256 of the report text as UTF-8; the text itself is in phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ReportDictated"
    SWIM_CODE: ClassVar[str | None] = "RID45859"

    envelope: Envelope
    accession_number: str | None = None
    reported_by: str | None = None
    report_sha256: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "reported_by": self.reported_by,
            "report_sha256": self.report_sha256,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            reported_by=record["reported_by"],
            report_sha256=record["report_sha256"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportViewed:
    """The referring side opened the result.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    report_sha256: SHA-256 of the report text as UTF-8; the text itself is in phi.
    viewed_by: Who opened it, pseudonym.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ReportViewed"
    SWIM_CODE: ClassVar[str | None] = "RID45931"

    envelope: Envelope
    accession_number: str | None = None
    report_sha256: str | None = None
    viewed_by: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "report_sha256": self.report_sha256,
            "viewed_by": self.viewed_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            report_sha256=record["report_sha256"],
            viewed_by=record["viewed_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceCameUp:
    """A scanner, room or system can be used again; envelope.swim_code says which kind (RID45993 to
    RID45999).

    envelope: What every event says about itself.
    resource: Which one, as the site names it: AE title, room, system.
    kind: modality, room, RIS, PACS or EMR.
    reason: Coded reason, as the source has it; free text belongs into phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ResourceCameUp"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    resource: str
    kind: str
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "resource": self.resource,
            "kind": self.kind,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            resource=record["resource"],
            kind=record["kind"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceWentDown:
    """A scanner, room or system cannot be used; envelope.swim_code says which kind (RID45992 to
    RID45998).

    envelope: What every event says about itself.
    resource: Which one, as the site names it: AE title, room, system.
    kind: modality, room, RIS, PACS or EMR.
    reason: Coded reason, as the source has it; free text belongs into phi.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.ResourceWentDown"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    resource: str
    kind: str
    reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "resource": self.resource,
            "kind": self.kind,
            "reason": self.reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            resource=record["resource"],
            kind=record["kind"],
            reason=record["reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionApplied:
    """A rule of retention took what was older than it says.

    envelope: What every event says about itself.
    rule: Name of the rule.
    store: images, clickhouse, kafka, archive.
    place: Bucket, table or topic.
    before_at: What was older than this went, UTC.
    items_removed: How many: objects, rows, messages, files.
    bytes_removed: How much, in bytes, where it can be said; else 0.
    items_held: How many stayed because of a legal hold.
    applied_by: User who applied it.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.RetentionApplied"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    rule: str
    store: str
    place: str
    before_at: datetime
    items_removed: int
    bytes_removed: int
    items_held: int
    applied_by: str

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "rule": self.rule,
            "store": self.store,
            "place": self.place,
            "before_at": self.before_at,
            "items_removed": self.items_removed,
            "bytes_removed": self.bytes_removed,
            "items_held": self.items_held,
            "applied_by": self.applied_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            rule=record["rule"],
            store=record["store"],
            place=record["place"],
            before_at=record["before_at"],
            items_removed=record["items_removed"],
            bytes_removed=record["bytes_removed"],
            items_held=record["items_held"],
            applied_by=record["applied_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesStored:
    """A series is complete in the archive, as far as its end can be known.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    series_instance_uid: SeriesInstanceUID (0020,000E).
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    instance_count: Images of the series in the archive.
    size_bytes: Their size together.
    completed_by: How its end is known: mpps, association, quiet or availability.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.SeriesStored"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    series_instance_uid: str
    modality: str | None = None
    instance_count: int
    size_bytes: int
    completed_by: str

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "series_instance_uid": self.series_instance_uid,
            "modality": self.modality,
            "instance_count": self.instance_count,
            "size_bytes": self.size_bytes,
            "completed_by": self.completed_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            series_instance_uid=record["series_instance_uid"],
            modality=record["modality"],
            instance_count=record["instance_count"],
            size_bytes=record["size_bytes"],
            completed_by=record["completed_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageCommitted:
    """The archive took responsibility for images (DICOM storage commitment).

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    transaction_uid: TransactionUID (0008,1195).
    committed_count: Images that are safe.
    failed_count: Images that the archive could not promise.
    requested_by_ae_title: Who asked.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.StorageCommitted"
    SWIM_CODE: ClassVar[str | None] = "RID45830"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    transaction_uid: str
    committed_count: int
    failed_count: int
    requested_by_ae_title: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "transaction_uid": self.transaction_uid,
            "committed_count": self.committed_count,
            "failed_count": self.failed_count,
            "requested_by_ae_title": self.requested_by_ae_title,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            transaction_uid=record["transaction_uid"],
            committed_count=record["committed_count"],
            failed_count=record["failed_count"],
            requested_by_ae_title=record["requested_by_ae_title"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageFailed:
    """Images could not be stored, and the sender was told so.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    status: DIMSE status, four hexadecimal digits.
    reason: Coded reason, as the source has it; free text belongs into phi.
    calling_ae_title: Who sent them.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.StorageFailed"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    status: str | None = None
    reason: str | None = None
    calling_ae_title: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "status": self.status,
            "reason": self.reason,
            "calling_ae_title": self.calling_ae_title,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            status=record["status"],
            reason=record["reason"],
            calling_ae_title=record["calling_ae_title"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyRetrieved:
    """A system fetched images of the study (C-MOVE, C-GET, WADO-RS).

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    instance_count: Images that were handed over.
    retrieved_by_ae_title: Who fetched them.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.StudyRetrieved"
    SWIM_CODE: ClassVar[str | None] = "RID45945"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    instance_count: int
    retrieved_by_ae_title: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "instance_count": self.instance_count,
            "retrieved_by_ae_title": self.retrieved_by_ae_title,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            instance_count=record["instance_count"],
            retrieved_by_ae_title=record["retrieved_by_ae_title"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StudySent:
    """Images of the study were sent to another system.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    instance_count: Images that were sent and acknowledged.
    destination_ae_title: Where they went.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.StudySent"
    SWIM_CODE: ClassVar[str | None] = "RID45864"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str | None = None
    instance_count: int
    destination_ae_title: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "instance_count": self.instance_count,
            "destination_ae_title": self.destination_ae_title,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            instance_count=record["instance_count"],
            destination_ae_title=record["destination_ae_title"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyStored:
    """The study is complete in the archive, as far as its end can be known; an image that comes later
    reopens it.

    envelope: What every event says about itself.
    accession_number: Accession number without its issuer.
    study_instance_uid: StudyInstanceUID (0020,000D).
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    series_count: Series of the study in the archive.
    instance_count: Images of the study in the archive.
    size_bytes: Their size together.
    completed_by: How its end is known: mpps, association, quiet or availability.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.StudyStored"
    SWIM_CODE: ClassVar[str | None] = "RID45835"

    envelope: Envelope
    accession_number: str | None = None
    study_instance_uid: str
    modality: str | None = None
    series_count: int
    instance_count: int
    size_bytes: int
    completed_by: str

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "accession_number": self.accession_number,
            "study_instance_uid": self.study_instance_uid,
            "modality": self.modality,
            "series_count": self.series_count,
            "instance_count": self.instance_count,
            "size_bytes": self.size_bytes,
            "completed_by": self.completed_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            accession_number=record["accession_number"],
            study_instance_uid=record["study_instance_uid"],
            modality=record["modality"],
            series_count=record["series_count"],
            instance_count=record["instance_count"],
            size_bytes=record["size_bytes"],
            completed_by=record["completed_by"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetsPublished:
    """From when on which targets are in force. An interval is judged by those that were in force when it
    started.

    envelope: What every event says about itself; occurred_at is when they come into force.
    targets_sha256: SHA-256 of the targets in their canonical form: the name of this version, 64
        hexadecimal digits.
    targets: Of each interval the first one that fits an exam counts.
    follows: event_id of the version that it takes the place of.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.TargetsPublished"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    targets_sha256: str
    targets: tuple[Target, ...]
    follows: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "targets_sha256": self.targets_sha256,
            "targets": [item.to_record() for item in self.targets],
            "follows": self.follows,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            targets_sha256=record["targets_sha256"],
            targets=tuple(Target.from_record(item) for item in record["targets"]),
            follows=record["follows"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCancelled:
    """An admission or a visit was taken back (ADT^A11).

    envelope: What every event says about itself.
    visit_number: PV1-19.1.
    """

    AVRO_NAME: ClassVar[str] = "radstream.events.VisitCancelled"
    SWIM_CODE: ClassVar[str | None] = None

    envelope: Envelope
    visit_number: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "envelope": self.envelope.to_record(),
            "visit_number": self.visit_number,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            envelope=Envelope.from_record(record["envelope"]),
            visit_number=record["visit_number"],
        )


Event = (
    AccessRecorded
    | AcquisitionCompleted
    | AcquisitionDiscontinued
    | AcquisitionRepeated
    | AcquisitionStarted
    | AnalysisCompleted
    | AnalysisFailed
    | AnalysisRequested
    | AnalysisStarted
    | AppointmentCancelled
    | ArchiveRepaired
    | ContrastAdministered
    | CriticalNotificationAttempted
    | CriticalResultAcknowledged
    | CriticalResultNotified
    | DelayRecorded
    | DictationStarted
    | DischargeCancelled
    | DoseReported
    | ErasureCertified
    | ErasureConfirmed
    | ErasureRequested
    | EventCorrected
    | ExamAssigned
    | ExamOpened
    | ExamProtocolled
    | ExamReconciled
    | ExamRescheduled
    | ExamScheduled
    | ExamUnreconciled
    | FinalReportPublished
    | FirstImageAcquired
    | FirstImageStored
    | ImagesStored
    | ImagesViewed
    | InstanceQuarantined
    | InstanceStored
    | InterpretationStarted
    | InterpretationSuspended
    | LegalHoldReleased
    | LegalHoldSet
    | MismatchDetected
    | OrderCancelled
    | OrderChanged
    | OrderHeld
    | OrderPlaced
    | OrderReleased
    | OrderReplaced
    | PatientArrived
    | PatientDischarged
    | PatientEnteredRoom
    | PatientErased
    | PatientLeftRoom
    | PatientMerged
    | PatientMissedAppointment
    | PatientPrepared
    | PatientRegistered
    | PatientUnmerged
    | PatientUpdated
    | PreliminaryReportPublished
    | PriorityChanged
    | ReportAcknowledged
    | ReportAddended
    | ReportCancelled
    | ReportCorrected
    | ReportDelivered
    | ReportDeliveryFailed
    | ReportDictated
    | ReportViewed
    | ResourceCameUp
    | ResourceWentDown
    | RetentionApplied
    | SeriesStored
    | StorageCommitted
    | StorageFailed
    | StudyRetrieved
    | StudySent
    | StudyStored
    | TargetsPublished
    | VisitCancelled
)

EVENT_CLASSES: tuple[type[Event], ...] = (
    AccessRecorded,
    AcquisitionCompleted,
    AcquisitionDiscontinued,
    AcquisitionRepeated,
    AcquisitionStarted,
    AnalysisCompleted,
    AnalysisFailed,
    AnalysisRequested,
    AnalysisStarted,
    AppointmentCancelled,
    ArchiveRepaired,
    ContrastAdministered,
    CriticalNotificationAttempted,
    CriticalResultAcknowledged,
    CriticalResultNotified,
    DelayRecorded,
    DictationStarted,
    DischargeCancelled,
    DoseReported,
    ErasureCertified,
    ErasureConfirmed,
    ErasureRequested,
    EventCorrected,
    ExamAssigned,
    ExamOpened,
    ExamProtocolled,
    ExamReconciled,
    ExamRescheduled,
    ExamScheduled,
    ExamUnreconciled,
    FinalReportPublished,
    FirstImageAcquired,
    FirstImageStored,
    ImagesStored,
    ImagesViewed,
    InstanceQuarantined,
    InstanceStored,
    InterpretationStarted,
    InterpretationSuspended,
    LegalHoldReleased,
    LegalHoldSet,
    MismatchDetected,
    OrderCancelled,
    OrderChanged,
    OrderHeld,
    OrderPlaced,
    OrderReleased,
    OrderReplaced,
    PatientArrived,
    PatientDischarged,
    PatientEnteredRoom,
    PatientErased,
    PatientLeftRoom,
    PatientMerged,
    PatientMissedAppointment,
    PatientPrepared,
    PatientRegistered,
    PatientUnmerged,
    PatientUpdated,
    PreliminaryReportPublished,
    PriorityChanged,
    ReportAcknowledged,
    ReportAddended,
    ReportCancelled,
    ReportCorrected,
    ReportDelivered,
    ReportDeliveryFailed,
    ReportDictated,
    ReportViewed,
    ResourceCameUp,
    ResourceWentDown,
    RetentionApplied,
    SeriesStored,
    StorageCommitted,
    StorageFailed,
    StudyRetrieved,
    StudySent,
    StudyStored,
    TargetsPublished,
    VisitCancelled,
)
