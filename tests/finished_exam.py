"""One exam with a full history: all that a department says of a CT, from the order to the viewed report."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from schemas import events as e
from schemas.codec import encode_body as encode_phi
from schemas.identity import patient_key, pseudonym
from schemas.parts import Phi, SealedPhi
from tests.exam_events import EXAM, said
from tests.histories import MORNING

_SECRET = b"finished exam"
PATIENT = patient_key(_SECRET, "GENERAL", "MRN-4711")
STUDY = "1.2.826.0.1.3680043.8.498.45787841905188114249881646158251912"
READER, DOCTOR = pseudonym(_SECRET, "reader", "4711"), pseudonym(_SECRET, "clinician", "42")
TECHNOLOGIST = pseudonym(_SECRET, "technologist", "7")
_SHA = "3b1f" * 16
_OF_STUDY: dict[str, Any] = {"study_instance_uid": STUDY}
_SCANNER: dict[str, Any] = {"modality": "CT", "station_ae_title": "CT2_EMERGENCY"}
_ORDER: dict[str, Any] = {
    "placer_order_number": "P-100042",
    "filler_order_number": "F-200042",
    "procedure_code": "CTABDPEL",
    "procedure_name": "CT Abdomen and Pelvis with contrast",
    "patient_class": "E",
    "location": "ED-12",
}
_MODEL: dict[str, Any] = {"model_name": "hemorrhage-triage", "model_version": "2.1", "analysis_id": "a-17"}

_COMMITTED: dict[str, Any] = {"transaction_uid": "2.25.1", "committed_count": 360, "failed_count": 0}


def _steps() -> list[tuple[float, type[e.Event], dict[str, Any]]]:
    appointment = MORNING + timedelta(minutes=30)
    series = [
        (40.0 + n, e.SeriesStored, {**_OF_STUDY, "series_instance_uid": f"{STUDY}.{n}", "instance_count": 90})
        for n in range(4)
    ]
    return [
        (0, e.OrderPlaced, {**_ORDER, "modality": "CT", "priority": "ROUTINE"}),
        (1, e.ExamProtocolled, {"protocol_code": "ABD-PV", "protocolled_by": READER}),
        (2, e.ExamScheduled, {**_OF_STUDY, **_SCANNER, "scheduled_at": appointment}),
        (3, e.PriorityChanged, {"priority": "STAT", "previous_priority": "ROUTINE"}),
        (4, e.ExamAssigned, {"role": "technologist", "assigned_to": TECHNOLOGIST, "room": "CT-2"}),
        (10, e.PatientArrived, {}),
        (12, e.DelayRecorded, {"delay_code": "RID45972", "stage": "arrived"}),
        (20, e.PatientPrepared, {}),
        (25, e.PatientEnteredRoom, {"room": "CT-2"}),
        (28, e.AcquisitionStarted, {**_OF_STUDY, **_SCANNER}),
        (29, e.ContrastAdministered, {"agent": "iohexol", "volume_ml": 100.0}),
        (30, e.FirstImageStored, {**_OF_STUDY, "modality": "CT", "calling_ae_title": "CT2_EMERGENCY"}),
        (34, e.AcquisitionCompleted, {**_OF_STUDY, **_SCANNER}),
        (34.5, e.DoseReported, {**_OF_STUDY, **_SCANNER, "ctdivol_mgy": 12.5, "dlp_mgycm": 640.0}),
        (36, e.PatientLeftRoom, {"room": "CT-2"}),
        *((at, cls, {**f, "size_bytes": 47_000_000, "completed_by": "mpps"}) for at, cls, f in series),
        (
            44,
            e.ImagesStored,
            {
                **_OF_STUDY,
                "modality": "CT",
                "series_count": 4,
                "instance_count": 360,
                "size_bytes": 190_000_000,
                "calling_ae_title": "CT2_EMERGENCY",
            },
        ),
        (
            45,
            e.StudyStored,
            {
                **_OF_STUDY,
                "modality": "CT",
                "series_count": 4,
                "instance_count": 360,
                "size_bytes": 190_000_000,
                "completed_by": "mpps",
            },
        ),
        (
            46,
            e.StorageCommitted,
            {**_OF_STUDY, "transaction_uid": "2.25.1", "committed_count": 360, "failed_count": 0},
        ),
        (46.5, e.AnalysisStarted, {**_OF_STUDY, **_MODEL}),
        (
            48,
            e.AnalysisCompleted,
            {**_OF_STUDY, **_MODEL, "finding_code": "RID4700", "finding_present": True, "score": 0.93},
        ),
        (50, e.ExamOpened, {**_OF_STUDY, "opened_by": READER}),
        (51, e.InterpretationStarted, {"read_by": READER}),
        (55, e.DictationStarted, {"reported_by": READER}),
        (60, e.ReportDictated, {"reported_by": READER, "report_sha256": _SHA}),
        (61, e.CriticalResultNotified, {"category": "1", "notified_by": READER, "recipient": DOCTOR}),
        (62, e.PreliminaryReportPublished, {"reported_by": READER, "report_sha256": _SHA}),
        (66, e.CriticalResultAcknowledged, {"category": "1", "acknowledged_by": DOCTOR}),
        (80, e.FinalReportPublished, {"reported_by": READER, "report_sha256": _SHA}),
        (81, e.ReportDelivered, {"report_sha256": _SHA, "destination": "his", "attempt_count": 1}),
        (85, e.ReportViewed, {"report_sha256": _SHA, "viewed_by": DOCTOR}),
        (300, e.ReportAddended, {"reported_by": READER, "report_sha256": _SHA}),
    ]


def finished_exam() -> list[e.Event]:
    """Its events, in the order in which they happened; with the patient's name, sealed."""
    accession = EXAM.partition("|")[2]
    events = []
    for minutes, cls, fields in _steps():
        known = (
            fields if "accession_number" not in cls.__slots__ else {"accession_number": accession, **fields}
        )
        event = said(EXAM, minutes + 0.0137, cls, PATIENT, **known)
        recorded = event.envelope.recorded_at + timedelta(milliseconds=731)
        events.append(replace(event, envelope=replace(event.envelope, recorded_at=recorded, phi=_sealed())))
    return events


def _sealed() -> SealedPhi:
    """As large as what a name, a number, a birth date and a sex become."""
    plain = encode_phi(
        Phi(patient_name="Lindqvist^Maja", patient_id="MRN-4711", birth_date="19710304", sex="F")
    )
    return SealedPhi(key_id=f"{PATIENT}/1", nonce=b"n" * 12, ciphertext=bytes(len(plain) + 16))
