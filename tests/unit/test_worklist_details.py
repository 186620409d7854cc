"""Who must act next, and what else the row tells of an exam."""

from __future__ import annotations

from datetime import timedelta

import pytest

from processors.exam_state import ExamState, Rebuild
from processors.worklist import worklist_row
from schemas import events as e
from schemas.events import Event
from tests.exam_events import (
    ANNA,
    BERTA,
    EXAM,
    STUDY,
    STUDY_EXAM,
    images,
    order,
    reconciled,
    row_of,
    said,
)
from tests.finished_exam import DOCTOR, READER, TECHNOLOGIST, finished_exam
from tests.histories import MORNING

ORDERED, ARRIVED = order(0, ANNA, priority="ROUTINE"), said(EXAM, 10, e.PatientArrived)
BOOKED = said(EXAM, 2, e.ExamScheduled, scheduled_at=MORNING + timedelta(minutes=9))
HELD = said(EXAM, 12, e.OrderHeld)
DONE = said(EXAM, 30, e.AcquisitionCompleted)
STORED = images(31, 60, ANNA, EXAM)
FINAL = said(EXAM, 80, e.FinalReportPublished, reported_by=READER)
TOLD = said(EXAM, 61, e.CriticalResultNotified, category="1", recipient=DOCTOR)


@pytest.mark.parametrize(
    ("events", "who", "since_minutes"),
    [
        ((ORDERED,), "scheduler", 0),
        ((ORDERED, BOOKED), "patient", 2),
        ((ORDERED, BOOKED, said(EXAM, 40, e.PatientMissedAppointment)), "scheduler", 40),
        ((ORDERED, BOOKED, ARRIVED), "technologist", 10),
        ((ORDERED, ARRIVED, HELD), "referrer", 12),
        (
            (ORDERED, ARRIVED, said(EXAM, 12, e.OrderHeld), said(EXAM, 13, e.OrderReleased)),
            "technologist",
            10,
        ),
        ((ORDERED, DONE), "technologist", 30),
        ((ORDERED, DONE, *STORED), "radiologist", 32),
        ((ORDERED, DONE, *STORED, FINAL, said(EXAM, 90, e.ReportCancelled)), "radiologist", 90),
        ((ORDERED, DONE, *STORED, said(EXAM, 60, e.PreliminaryReportPublished)), "radiologist", 60),
        ((ORDERED, DONE, *images(31, 60, BERTA, EXAM)), "image_manager", 32),
        ((ORDERED, FINAL), None, None),
        ((ORDERED, FINAL, TOLD), "referrer", 61),
        ((ORDERED, FINAL, TOLD, said(EXAM, 70, e.CriticalResultAcknowledged)), None, None),
        ((ORDERED, FINAL, said(EXAM, 61, e.CriticalNotificationAttempted)), "radiologist", 61),
        ((ORDERED, said(EXAM, 5, e.OrderCancelled)), None, None),
        (tuple(STORED), "image_manager", 31),
    ],
)
def test_who_must_act_next_and_since_when(
    events: tuple[Event, ...], who: str | None, since_minutes: float | None
) -> None:
    for shuffled in (events, events[::-1]):
        row = row_of(list(shuffled))
        since = None if since_minutes is None else MORNING + timedelta(minutes=since_minutes)
        assert (row.next_actor, row.next_actor_since_at) == (who, since)


def test_nobody_has_to_act_on_images_that_belong_to_another_exam() -> None:
    row = row_of([*images(30, 60, ANNA), reconciled(STUDY_EXAM, 40)], STUDY_EXAM)
    assert (row.next_actor, row.next_actor_since_at) == (None, None)


def test_the_row_of_a_full_history_tells_all_that_was_said() -> None:
    row = row_of(finished_exam())
    assert (row.stage, row.next_actor, row.clock_faults, row.rebuild_reason) == ("final", None, (), None)
    assert (row.instance_count, row.images_expected, row.images_complete) == (360, 360, True)
    assert (row.priority, row.first_priority) == ("STAT", "ROUTINE")
    assert (row.room, row.technologist, row.reader) == ("CT-2", TECHNOLOGIST, READER)
    assert (row.critical_category, row.delay_code) == ("1", "RID45972")
    assert (row.analysis_status, row.finding_present) == ("completed", True)
    assert (row.report_status, row.report_count) == ("addended", 3)
    assert row.critical_acknowledged_at is not None
    assert row.critical_notified_at is not None
    assert row.critical_notified_at < row.critical_acknowledged_at


def test_the_report_points_to_its_first_and_its_latest_version() -> None:
    preliminary = said(EXAM, 60, e.PreliminaryReportPublished)
    corrected = said(EXAM, 95, e.ReportCorrected)
    late = said(EXAM, 99, e.PreliminaryReportPublished)
    row = row_of([corrected, FINAL, preliminary])
    assert (row.report_status, row.report_count) == ("corrected", 3)
    assert row.report_first_event_id == preliminary.envelope.event_id
    assert row.report_last_event_id == corrected.envelope.event_id
    assert row_of([corrected, FINAL, late]).report_status == "corrected"
    assert row_of([FINAL, said(EXAM, 90, e.ReportCancelled)]).report_status == "cancelled"
    assert row_of([FINAL, said(EXAM, 90, e.ReportCancelled), late]).report_status == "preliminary"
    retracted = said(EXAM, 98, e.EventCorrected, corrects=corrected.envelope.event_id)
    assert row_of([corrected, FINAL, retracted]).report_last_event_id == FINAL.envelope.event_id


def test_a_late_image_makes_the_row_incomplete_until_the_study_is_said_to_be_complete_again() -> None:
    def complete(minutes: float, count: int) -> Event:
        fields = {"series_count": 1, "instance_count": count, "size_bytes": 9}
        return said(EXAM, minutes, e.StudyStored, study_instance_uid=STUDY, completed_by="mpps", **fields)  # type: ignore[arg-type]  # object by the signature

    done = [ORDERED, DONE, *STORED, complete(33, 60)]
    assert (row_of(done).images_complete, row_of(done).study_stored_at is None) == (True, False)
    late = [*done, *images(50, 61, ANNA, EXAM)]
    assert (row_of(late).instance_count, row_of(late).images_expected) == (61, 60)
    assert (row_of(late).images_complete, row_of(late).study_stored_at) == (False, None)
    assert row_of([*late, complete(70, 61)]).images_complete


def test_an_analysis_that_failed_is_no_finding() -> None:
    failed = said(EXAM, 50, e.AnalysisFailed, model_name="triage")
    row = row_of([ORDERED, said(EXAM, 49, e.AnalysisStarted, model_name="triage"), failed])
    assert (row.analysis_status, row.finding_present) == ("failed", None)


@pytest.mark.parametrize(
    ("rebuild", "reason"),
    [
        (Rebuild.NOT_NEEDED, None),
        (Rebuild.OLDER_FORMAT, "older_format"),
        (Rebuild.UNREADABLE, "unreadable"),
    ],
)
def test_a_row_that_misses_something_says_so(rebuild: Rebuild, reason: str | None) -> None:
    state = ExamState(EXAM, rebuild=rebuild)
    state.add(ORDERED)
    assert worklist_row(state).rebuild_reason == reason
