"""Which milestones a file can tell of, and which event states each."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.events import (
    AcquisitionCompleted,
    AcquisitionStarted,
    Event,
    ExamOpened,
    ExamProtocolled,
    ExamScheduled,
    FinalReportPublished,
    InterpretationStarted,
    OrderCancelled,
    OrderPlaced,
    PatientArrived,
    PatientEnteredRoom,
    PatientLeftRoom,
    PatientPrepared,
    PreliminaryReportPublished,
    ReportCorrected,
    ReportDictated,
)

# By the names of schemas/intervals.py, in the order of an exam's way.
EVENT_OF_MILESTONE: Mapping[str, type[Event]] = {
    "ordered": OrderPlaced,
    "protocolled": ExamProtocolled,
    "scheduled": ExamScheduled,
    "arrived": PatientArrived,
    "prepared": PatientPrepared,
    "entered_room": PatientEnteredRoom,
    "started": AcquisitionStarted,
    "completed": AcquisitionCompleted,
    "left_room": PatientLeftRoom,
    "opened": ExamOpened,
    "interpretation_started": InterpretationStarted,
    "dictated": ReportDictated,
    "preliminary": PreliminaryReportPublished,
    "final": FinalReportPublished,
    "corrected": ReportCorrected,
    "cancelled": OrderCancelled,
}
PRIORITIES = frozenset({"STAT", "ASAP", "ROUTINE", "PREOP", "CALLBACK", "TIMING"})
"""HL7 table 0485."""
PATIENT_COLUMNS = ("patient_id", "issuer_of_patient_id", "patient_name", "birth_date", "sex")
EXAM_COLUMNS = (
    "accession_number",
    "issuer",
    "study_instance_uid",
    "modality",
    "procedure_code",
    "procedure_name",
    "priority",
    "patient_class",
    "location",
    "station_ae_title",
    "room",
    "reader",
    "scheduled_for",
    "recorded_at",
)
LONG_COLUMNS = ("milestone", "at")
