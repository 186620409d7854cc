"""Every event, as a frozen class.

Generated from `schemas/avro` by `python -m schemas.generate`: edit the contracts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from schemas.parts import Envelope


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
class FirstImageStored:
    """The first image of a study reached the archive; said before it is acknowledged to the sender.

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


Event = (
    AcquisitionCompleted
    | AcquisitionDiscontinued
    | AcquisitionStarted
    | EventCorrected
    | ExamScheduled
    | FinalReportPublished
    | FirstImageStored
    | ImagesStored
    | InstanceStored
    | OrderCancelled
    | OrderPlaced
    | PatientArrived
    | PatientRegistered
    | PreliminaryReportPublished
    | ReportCorrected
    | ReportDictated
)

EVENT_CLASSES: tuple[type[Event], ...] = (
    AcquisitionCompleted,
    AcquisitionDiscontinued,
    AcquisitionStarted,
    EventCorrected,
    ExamScheduled,
    FinalReportPublished,
    FirstImageStored,
    ImagesStored,
    InstanceStored,
    OrderCancelled,
    OrderPlaced,
    PatientArrived,
    PatientRegistered,
    PreliminaryReportPublished,
    ReportCorrected,
    ReportDictated,
)
