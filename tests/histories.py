"""Random histories of exams, for the laws of the fold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from hypothesis import strategies as st

from schemas.contracts import contracts
from schemas.events import (
    EVENT_CLASSES,
    AcquisitionCompleted,
    AcquisitionDiscontinued,
    AcquisitionStarted,
    AppointmentCancelled,
    CriticalResultAcknowledged,
    CriticalResultNotified,
    Event,
    EventCorrected,
    ExamReconciled,
    ExamScheduled,
    ExamUnreconciled,
    FinalReportPublished,
    ImagesStored,
    MismatchDetected,
    OrderCancelled,
    OrderHeld,
    OrderPlaced,
    OrderReleased,
    PatientArrived,
    PatientErased,
    PatientMerged,
    PatientUnmerged,
    PriorityChanged,
    ReportCancelled,
    SeriesStored,
    StudyStored,
)
from schemas.identity import event_id
from schemas.parts import PART_CLASSES, Envelope, SealedPhi, Source

MORNING = datetime(2026, 11, 24, 6, tzinfo=UTC)
EXAMS = ("GENERAL|A1", "GENERAL|A2", "GENERAL|study|1.2.3")
PATIENTS = ("a" * 64, "b" * 64, "c" * 64)
# What identities are decided by: drawn more often than one in all kinds of events.
IDENTITY_CLASSES: tuple[type[Event], ...] = (
    ExamReconciled,
    ExamUnreconciled,
    PatientMerged,
    PatientUnmerged,
    PatientErased,
    MismatchDetected,
    OrderPlaced,
    ImagesStored,
)
# What stage, images, report and next actor are decided by.
WORKFLOW_CLASSES: tuple[type[Event], ...] = (
    OrderCancelled,
    OrderReleased,
    OrderHeld,
    ExamScheduled,
    AppointmentCancelled,
    PatientArrived,
    AcquisitionStarted,
    AcquisitionDiscontinued,
    AcquisitionCompleted,
    SeriesStored,
    StudyStored,
    FinalReportPublished,
    ReportCancelled,
    CriticalResultNotified,
    CriticalResultAcknowledged,
    PriorityChanged,
    EventCorrected,
)
_TEXTS = st.sampled_from(["CT", "MR", "STAT", "ROUTINE", "Kopf", "Knie", "O", "I"])
_MINUTES = st.integers(0, 24 * 60).map(lambda minutes: MORNING + timedelta(minutes=minutes))
_PHI = st.builds(
    SealedPhi,
    key_id=st.sampled_from([f"{key}/1" for key in PATIENTS]),
    nonce=st.binary(min_size=12, max_size=12),
    ciphertext=st.binary(),
)
_PARTS: Mapping[str, type[Any]] = {cls.AVRO_NAME: cls for cls in PART_CLASSES}
_SOURCE = Source(system="RIS", facility="GENERAL", protocol="HL7v2")


def _texts(name: str) -> st.SearchStrategy[Any]:
    if name.endswith("_exam_id"):
        return st.sampled_from(EXAMS)
    if name.endswith("patient_key"):
        return st.sampled_from(PATIENTS)
    return st.sampled_from(["patient", "modality"]) if name == "attribute" else _TEXTS


def _value(name: str, avro: Any) -> st.SearchStrategy[Any]:
    """What the field `name` of the Avro type `avro` says in a history."""
    if isinstance(avro, list):
        return _value(name, avro[1]) | st.none()
    if isinstance(avro, dict):
        if avro["type"] == "array":
            return st.lists(_value(name, avro["items"]), max_size=3).map(tuple)
        return _MINUTES
    if avro in _PARTS:
        return _PHI if avro == SealedPhi.AVRO_NAME else st.builds(_PARTS[avro], **_fields(avro))
    values: Mapping[str, st.SearchStrategy[Any]] = {
        "string": _texts(name),
        "int": st.integers(0, 2_000),
        "long": st.integers(0, 2_000),
        "double": st.floats(0, 1_000),
        "boolean": st.booleans(),
        "bytes": st.binary(max_size=8),
    }
    return values[avro]


@cache
def _fields(name: str) -> Mapping[str, st.SearchStrategy[Any]]:
    """Of the record called `name`, all but its envelope."""
    fields = contracts()[name]["fields"]
    return {f["name"]: _value(f["name"], f["type"]) for f in fields if f["name"] != "envelope"}


def events() -> st.SearchStrategy[Event]:
    """One event of one of a few exams; event ids repeat now and then, as redelivery makes them."""
    kinds = st.sampled_from(EVENT_CLASSES) | st.sampled_from(IDENTITY_CLASSES)
    return (kinds | st.sampled_from(WORKFLOW_CLASSES)).flatmap(events_of)


@st.composite
def events_of(draw: st.DrawFn, cls: type[Event]) -> Event:
    """The same, of one class."""
    exam_id = draw(st.sampled_from(EXAMS))
    number = draw(st.integers(0, 12))
    corrected = draw(st.none() | st.integers(0, 12))
    envelope = Envelope(
        event_id=event_id(exam_id, str(number)),
        exam_id=exam_id,
        occurred_at=draw(_MINUTES),
        recorded_at=draw(_MINUTES),
        source=_SOURCE,
        source_message_id=f"M{number}",
        site=draw(st.sampled_from(["GENERAL", "NORTH"])),
        swim_code=cls.SWIM_CODE,
        patient_key=draw(st.none() | st.sampled_from(PATIENTS)),
        phi=draw(st.none() | _PHI),
        corrects=None if corrected is None else event_id(exam_id, str(corrected)),
    )
    fields = {name: draw(values) for name, values in _fields(cls.AVRO_NAME).items()}
    return cls(envelope=envelope, **fields)


def histories(max_size: int = 30) -> st.SearchStrategy[list[Event]]:
    """Histories in no particular order."""
    return st.lists(events(), max_size=max_size)
