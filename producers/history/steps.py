"""What each step of a simulated exam says, as events. Pure but for the keys.

Field by field what the HL7 and DICOM listeners would make of the simulator's messages and images, without the
messages: `tests/unit/test_history_events.py` holds the two side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from producers.history.account import HIS, REPORTING, RIS, Account
from producers.history.image_steps import images_sent
from producers.simulator.exam import Step
from producers.simulator.report_text import report_lines
from schemas.events import (
    AcquisitionCompleted,
    AcquisitionStarted,
    Event,
    ExamScheduled,
    FinalReportPublished,
    OrderCancelled,
    OrderPlaced,
    PatientArrived,
    PatientRegistered,
    PreliminaryReportPublished,
    ReportAddended,
    ReportCorrected,
    ReportDictated,
)
from schemas.identity import pseudonym, subject_of_patient

_PRIORITIES = {"S": "STAT", "A": "ASAP", "R": "ROUTINE"}
_Report = (
    type[ReportDictated]
    | type[PreliminaryReportPublished]
    | type[FinalReportPublished]
    | type[ReportCorrected]
)
_REPORTS: Mapping[Step, _Report] = {
    Step.DICTATED: ReportDictated,
    Step.PRELIMINARY: PreliminaryReportPublished,
    Step.FINAL: FinalReportPublished,
    Step.CORRECTED: ReportCorrected,
}
_reader = lru_cache(maxsize=1024)(pseudonym)


def told(account: Account, site_secret: bytes) -> Iterator[Event]:
    """Everything that the exam's timeline says."""
    for step, at in account.exam.timeline:
        at_utc = at.astimezone(UTC)
        if step in _REPORTS:
            yield _report(account, step, at_utc, site_secret)
        else:
            yield from _STEPS[step](account, at_utc)


def addendum(account: Account, at: datetime, site_secret: bytes) -> ReportAddended:
    """An addendum to the final report. `at`: UTC."""
    text = "\n".join((*report_lines(account.exam, Step.FINAL), "Addendum: compared with the prior exam."))
    return ReportAddended(
        envelope=account.envelope(ReportAddended, REPORTING, at, text=text),
        accession_number=account.exam.accession_number,
        reported_by=_reader(site_secret, "reader", account.exam.reader.code),
        report_sha256=sha256(text.encode()).hexdigest(),
    )


def _registered(account: Account, at: datetime) -> Iterator[Event]:
    exam = account.exam
    patient = subject_of_patient(account.patient_key)
    yield PatientRegistered(
        envelope=account.envelope(PatientRegistered, HIS, at, exam_id=patient),
        patient_class=exam.patient_class,
        location=exam.location,
        visit_number=exam.visit_number,
    )


def _ordered(account: Account, at: datetime) -> Iterator[Event]:
    exam = account.exam
    yield OrderPlaced(
        envelope=account.envelope(OrderPlaced, RIS, at),
        accession_number=exam.accession_number,
        placer_order_number=exam.placer_order_number,
        filler_order_number=exam.accession_number,
        study_instance_uid=exam.study_uid,
        modality=exam.modality,
        procedure_code=exam.procedure.code,
        procedure_name=exam.procedure.name,
        priority=_PRIORITIES[exam.priority],
        patient_class=exam.patient_class,
        location=exam.location,
    )
    if exam.scheduled_with_order:
        yield from _scheduled(account, at)


def _scheduled(account: Account, at: datetime) -> Iterator[Event]:
    exam = account.exam
    yield ExamScheduled(
        envelope=account.envelope(ExamScheduled, RIS, at),
        accession_number=exam.accession_number,
        study_instance_uid=exam.study_uid,
        scheduled_at=exam.scheduled_for.astimezone(UTC),
        modality=exam.modality,
        procedure_code=exam.procedure.code,
        procedure_name=exam.procedure.name,
    )


def _cancelled(account: Account, at: datetime) -> Iterator[Event]:
    envelope = account.envelope(OrderCancelled, RIS, at)
    yield OrderCancelled(envelope=envelope, accession_number=account.exam.accession_number)


def _arrived(account: Account, at: datetime) -> Iterator[Event]:
    envelope = account.envelope(PatientArrived, RIS, at)
    yield PatientArrived(envelope=envelope, accession_number=account.exam.accession_number)


def _acquisition(
    cls: type[AcquisitionStarted] | type[AcquisitionCompleted], account: Account, at: datetime
) -> Iterator[Event]:
    exam = account.exam
    yield cls(
        envelope=account.envelope(cls, RIS, at),
        accession_number=exam.accession_number,
        study_instance_uid=exam.study_uid,
        modality=exam.modality,
        station_ae_title=exam.scanner,
    )


def _started(account: Account, at: datetime) -> Iterator[Event]:
    return _acquisition(AcquisitionStarted, account, at)


def _completed(account: Account, at: datetime) -> Iterator[Event]:
    return _acquisition(AcquisitionCompleted, account, at)


def _report(account: Account, step: Step, at: datetime, site_secret: bytes) -> Event:
    text = "\n".join(report_lines(account.exam, step))
    cls = _REPORTS[step]
    return cls(
        envelope=account.envelope(cls, REPORTING, at, text=text),
        accession_number=account.exam.accession_number,
        reported_by=_reader(site_secret, "reader", account.exam.reader.code),
        report_sha256=sha256(text.encode()).hexdigest(),
    )


_STEPS: Mapping[Step, Callable[[Account, datetime], Iterator[Event]]] = {
    Step.REGISTERED: _registered,
    Step.ORDERED: _ordered,
    Step.SCHEDULED: _scheduled,
    Step.CANCELLED: _cancelled,
    Step.ARRIVED: _arrived,
    Step.STARTED: _started,
    Step.COMPLETED: _completed,
    Step.IMAGES_SENT: images_sent,
}
