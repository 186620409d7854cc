"""Exams that were cancelled, broken off, begun again; reports and appointments that were taken back."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest

from processors.fold import fold
from processors.turnaround import turnaround_row
from schemas.events import (
    AcquisitionCompleted,
    AcquisitionDiscontinued,
    AcquisitionStarted,
    AppointmentCancelled,
    Event,
    EventCorrected,
    ExamRescheduled,
    ExamScheduled,
    FinalReportPublished,
    OrderCancelled,
    OrderReplaced,
    PatientArrived,
    ReportCancelled,
)
from tests.exam_events import ANNA, EXAM, images, order, row_of, said
from tests.histories import MORNING

ORDERED = order(0, ANNA)
ARRIVED = said(EXAM, 10, PatientArrived)
STARTED, BROKEN_OFF = said(EXAM, 20, AcquisitionStarted), said(EXAM, 30, AcquisitionDiscontinued)
STARTED_AGAIN, COMPLETED = said(EXAM, 35, AcquisitionStarted), said(EXAM, 50, AcquisitionCompleted)
PARTIAL = images(31, 20, ANNA, EXAM)
TOMORROW = 24 * 60
MOVED = said(EXAM, 60, ExamRescheduled, scheduled_at=MORNING + timedelta(days=1))
FINAL = said(EXAM, 90, FinalReportPublished)


def _minutes(event_at: object) -> float:
    assert event_at is not None
    return (event_at - MORNING).total_seconds() / 60  # type: ignore[operator,no-any-return]  # a row's instant


@pytest.mark.parametrize(
    ("events", "stage", "since_minutes"),
    [
        ((ORDERED, ARRIVED, STARTED, BROKEN_OFF), "cancelled", 30),
        ((ORDERED, ARRIVED, STARTED, BROKEN_OFF, *PARTIAL), "cancelled", 30),
        ((ORDERED, ARRIVED, STARTED, BROKEN_OFF, STARTED_AGAIN), "in_progress", 35),
        ((ORDERED, STARTED, BROKEN_OFF, *PARTIAL, STARTED_AGAIN, COMPLETED), "stored", 50),
        ((ORDERED, STARTED, BROKEN_OFF, COMPLETED), "acquired", 50),
        ((ORDERED, COMPLETED, said(EXAM, 55, AcquisitionDiscontinued)), "acquired", 50),
        ((ORDERED, ARRIVED, STARTED, *PARTIAL, BROKEN_OFF, MOVED), "scheduled", 60),
        ((ORDERED, said(EXAM, 5, OrderCancelled), order(7, ANNA, modality="CT")), "ordered", 0),
        ((ORDERED, said(EXAM, 5, OrderCancelled)), "cancelled", 5),
        ((ORDERED, said(EXAM, 5, OrderReplaced)), "cancelled", 5),
        ((ORDERED, COMPLETED, said(EXAM, 55, OrderCancelled)), "cancelled", 55),
        ((ORDERED, STARTED, BROKEN_OFF, FINAL), "final", 90),
    ],
)
def test_a_new_attempt_makes_an_exam_go_on_whatever_the_order_of_arrival(
    events: tuple[Event, ...], stage: str, since_minutes: int
) -> None:
    for shuffled in list(permutations(events))[:24]:
        row = row_of(list(shuffled))
        assert (row.stage, _minutes(row.stage_since_at)) == (stage, since_minutes)
        assert stage == "final" or (row.cancelled_at is not None) == (stage == "cancelled")


def test_a_discontinuation_that_was_said_by_mistake_is_forgotten() -> None:
    mistake = said(EXAM, 40, EventCorrected, corrects=BROKEN_OFF.envelope.event_id)
    assert row_of([ORDERED, STARTED, BROKEN_OFF, mistake]).stage == "in_progress"


def test_the_acquisition_of_the_second_attempt_is_measured_from_its_own_start() -> None:
    events = [ORDERED, ARRIVED, STARTED, BROKEN_OFF, STARTED_AGAIN, COMPLETED]
    seconds = {i.name: i.seconds for i in turnaround_row(fold(events)[EXAM]).intervals}
    assert seconds["acquisition"] == 15 * 60
    assert seconds["arrival_to_start"] == 25 * 60


def test_a_step_that_is_broken_off_at_once_is_broken_off() -> None:
    at_once = said(EXAM, 20, AcquisitionDiscontinued)
    assert row_of([ORDERED, STARTED, at_once]).stage == "cancelled"


def test_a_withdrawn_report_puts_the_exam_back_among_the_unread_until_there_is_another() -> None:
    read = [ORDERED, COMPLETED, *images(52, 60, ANNA, EXAM), FINAL]
    withdrawn = [*read, said(EXAM, 95, ReportCancelled)]
    assert (row_of(withdrawn).stage, row_of(withdrawn).final_at) == ("stored", None)
    again = row_of([*withdrawn, said(EXAM, 120, FinalReportPublished)])
    assert (again.stage, _minutes(again.final_at)) == ("final", 120)


def test_an_appointment_that_was_cancelled_leaves_the_order_until_there_is_another() -> None:
    booked = said(EXAM, 1, ExamScheduled, scheduled_at=MORNING + timedelta(minutes=40))
    gone = said(EXAM, 3, AppointmentCancelled, scheduled_at=MORNING + timedelta(minutes=40))
    row = row_of([ORDERED, booked, gone])
    assert (row.stage, row.scheduled_at) == ("ordered", None)
    moved = row_of([ORDERED, booked, gone, MOVED])
    assert (moved.stage, moved.scheduled_at) == ("scheduled", MORNING + timedelta(days=1))
