"""Events of exams as tests say them: minute by minute of one morning."""

from __future__ import annotations

from datetime import timedelta

from processors.fold import fold
from processors.worklist import worklist_row
from schemas.events import (
    Event,
    ExamReconciled,
    ExamUnreconciled,
    FirstImageStored,
    ImagesStored,
    OrderPlaced,
    PatientMerged,
    PatientUnmerged,
)
from schemas.identity import event_id, exam_id_of_accession, exam_id_of_study
from schemas.parts import Envelope, Source
from schemas.views import WorklistRow
from tests.histories import MORNING

STUDY = "1.2.840.1"
EXAM = exam_id_of_accession("GENERAL", "A1")
STUDY_EXAM = exam_id_of_study("GENERAL", STUDY)
ANNA, BERTA, CLARA = "a" * 64, "b" * 64, "c" * 64


def said(
    exam_id: str, minutes: float, cls: type[Event], patient_key: str | None = None, **fields: object
) -> Event:
    """An event that occurred and was recorded `minutes` into the morning."""
    instant = MORNING + timedelta(minutes=minutes)
    envelope = Envelope(
        event_id=event_id(exam_id, cls.__name__, str(minutes), *map(str, fields.values())),
        exam_id=exam_id,
        occurred_at=instant,
        recorded_at=instant,
        source=Source(system="RIS", facility="GENERAL", protocol="HL7v2"),
        source_message_id=str(minutes),
        site="GENERAL",
        patient_key=patient_key,
        corrects=fields.pop("corrects", None),  # type: ignore[arg-type]  # object by the signature
    )
    return cls(envelope=envelope, **fields)  # type: ignore[arg-type]  # each class checks its own


def order(minutes: float, patient_key: str | None, exam_id: str = EXAM, **fields: object) -> Event:
    """An order, with the accession number that its exam_id has."""
    return said(exam_id, minutes, OrderPlaced, patient_key, accession_number=exam_id.split("|")[1], **fields)


def images(minutes: float, count: int, patient_key: str | None, exam_id: str = STUDY_EXAM) -> list[Event]:
    """First image and, a minute later, all of them."""
    return images_of(STUDY, exam_id, minutes, count, patient_key)


def images_of(
    study_instance_uid: str, exam_id: str, minutes: float, count: int, patient_key: str | None
) -> list[Event]:
    """The same, of any study."""
    study = {"study_instance_uid": study_instance_uid, "calling_ae_title": "CT1"}
    totals = {"series_count": 1, "instance_count": count, "size_bytes": 9}
    return [
        said(exam_id, minutes, FirstImageStored, patient_key, **study),
        said(exam_id, minutes + 1, ImagesStored, patient_key, **study, **totals),
    ]


def reconciled(exam_id: str, minutes: float, from_exam_id: str = STUDY_EXAM, **fields: object) -> Event:
    """`from_exam_id` belongs to EXAM; said under `exam_id`."""
    return said(
        exam_id, minutes, ExamReconciled, None, from_exam_id=from_exam_id, into_exam_id=EXAM, **fields
    )


def unreconciled(exam_id: str, minutes: float) -> Event:
    """And does not."""
    return said(exam_id, minutes, ExamUnreconciled, None, from_exam_id=STUDY_EXAM, into_exam_id=EXAM)


def merged(minutes: float, gone: str, stays: str, exam_id: str = EXAM) -> Event:
    """Two patients are one."""
    return said(exam_id, minutes, PatientMerged, stays, merged_patient_key=gone, surviving_patient_key=stays)


def unmerged(minutes: float, gone: str, stays: str, exam_id: str = EXAM) -> Event:
    """And are two again."""
    return said(
        exam_id, minutes, PatientUnmerged, stays, merged_patient_key=gone, surviving_patient_key=stays
    )


def row_of(events: list[Event], exam_id: str = EXAM) -> WorklistRow:
    """The worklist row of one exam."""
    return worklist_row(fold(events)[exam_id])
