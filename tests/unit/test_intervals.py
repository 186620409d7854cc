"""The table of intervals, what is measured, and what is excluded for which reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from processors.fold import fold
from processors.milestones import MILESTONE_OF_STEP
from processors.turnaround import turnaround_row
from schemas import events as e
from schemas.documents.__main__ import DOCS
from schemas.events import EVENT_CLASSES, Event
from schemas.intervals import BY_NAME, INTERVALS, MILESTONES, ORDERED_PAIRS
from schemas.views import TurnaroundRow
from tests.exam_events import ANNA, EXAM, STUDY, order, said
from tests.finished_exam import finished_exam


def _row(*events: Event) -> TurnaroundRow:
    return turnaround_row(fold(list(events))[EXAM])


def _seconds(row: TurnaroundRow) -> dict[str, float]:
    return {interval.name: interval.seconds for interval in row.intervals}


def _excluded(row: TurnaroundRow) -> dict[str, str]:
    return {interval.name: interval.reason for interval in row.excluded or ()}


def test_every_name_is_there_once_and_every_end_is_a_milestone_that_some_step_states() -> None:
    assert len(BY_NAME) == len(INTERVALS)
    stated = {*MILESTONE_OF_STEP.values(), "result"}
    assert set(MILESTONES) == stated
    assert {end for spec in INTERVALS for end in (spec.start, spec.end)} <= stated
    assert {name for pair in ORDERED_PAIRS for name in pair} <= stated


def test_the_codes_of_a_milestone_are_those_of_the_events_that_state_it() -> None:
    codes: dict[str, set[str]] = {}
    for cls in EVENT_CLASSES:
        if cls.__name__ in MILESTONE_OF_STEP and cls.SWIM_CODE is not None:
            codes.setdefault(MILESTONE_OF_STEP[cls.__name__], set()).add(cls.SWIM_CODE)
    assert {
        name: set(milestone.swim_codes) for name, milestone in MILESTONES.items() if name != "result"
    } == codes


def test_the_page_tells_of_every_interval() -> None:
    page = (DOCS / "intervals.md").read_text("utf-8")
    assert all(f"| `{spec.name}` | `{spec.start}` |" in page for spec in INTERVALS)


def test_a_full_history_has_every_interval_that_its_steps_allow() -> None:
    row = _row(*finished_exam())
    found = _seconds(row)
    assert set(BY_NAME) - set(found) - set(_excluded(row)) == {
        "final_to_acknowledged",
        "critical_attempt_to_notified",
    }
    assert found["report_turnaround"] == 46 * 60
    assert found["stat_order_to_start"] == found["order_to_start"] == 28 * 60
    assert found["completion_to_study_stored"] == 11 * 60
    assert found["critical_notification"] == 60
    assert found["critical_acknowledgement"] == 5 * 60
    assert not row.clock_faults


def test_time_from_stat_order_is_measured_of_stat_orders_alone() -> None:
    started = said(EXAM, 20, e.AcquisitionStarted)
    assert "stat_order_to_start" in _seconds(_row(order(0, ANNA, priority="STAT"), started))
    assert "stat_order_to_start" not in _seconds(_row(order(0, ANNA, priority="ROUTINE"), started))


def test_an_end_that_is_a_little_before_its_start_is_excluded_and_no_clock_is_blamed() -> None:
    row = _row(
        said(EXAM, 20, e.PatientArrived),
        said(EXAM, 18, e.AcquisitionStarted),
        said(EXAM, 40, e.AcquisitionCompleted),
    )
    assert _excluded(row) == {"arrival_to_start": "end_before_start"}
    assert _seconds(row) == {"acquisition": 22 * 60}
    assert row.clock_faults == ()


def test_milestones_that_contradict_each_other_beyond_the_bound_are_named_and_not_measured() -> None:
    row = _row(
        order(0, ANNA),
        said(EXAM, 20, e.AcquisitionStarted),
        said(EXAM, 60, e.AcquisitionCompleted),
        said(EXAM, 50, e.FinalReportPublished),
    )
    assert row.clock_faults == ("final<completed",)
    assert _excluded(row)["report_turnaround"] == _excluded(row)["acquisition"] == "clock_fault"
    assert _seconds(row) == {"order_to_start": 20 * 60}


@pytest.mark.parametrize(("early_minutes", "faults"), [(4, ()), (60, ("arrived>recorded",))])
def test_what_was_recorded_long_before_it_happened_is_a_clock_that_is_ahead(
    early_minutes: int, faults: tuple[str, ...]
) -> None:
    arrived = said(EXAM, 90, e.PatientArrived)
    recorded = arrived.envelope.occurred_at - timedelta(minutes=early_minutes)
    ahead = replace(arrived, envelope=replace(arrived.envelope, recorded_at=recorded))
    row = _row(order(0, ANNA), ahead)
    assert row.clock_faults == faults
    assert ("order_to_arrival" in _seconds(row)) == (not faults)


def test_a_late_image_takes_the_transfer_time_back_until_the_study_is_complete_again() -> None:
    totals: dict[str, Any] = {"study_instance_uid": STUDY, "size_bytes": 9, "series_count": 1}
    done = [
        said(EXAM, 10, e.AcquisitionCompleted),
        said(EXAM, 14, e.StudyStored, **totals, instance_count=60, completed_by="mpps"),
    ]
    late = said(EXAM, 30, e.ImagesStored, **totals, instance_count=61, calling_ae_title="CT1")
    again = said(EXAM, 30, e.StudyStored, **totals, instance_count=61, completed_by="quiet")
    assert _seconds(_row(*done))["completion_to_study_stored"] == 4 * 60
    assert "completion_to_study_stored" not in _seconds(_row(*done, late))
    assert _seconds(_row(*done, late, again))["completion_to_study_stored"] == 20 * 60


def test_a_withdrawn_report_measures_nothing_until_there_is_another() -> None:
    read = [said(EXAM, 10, e.AcquisitionCompleted), said(EXAM, 40, e.FinalReportPublished)]
    withdrawn = [*read, said(EXAM, 50, e.ReportCancelled)]
    assert _seconds(_row(*read)) == {"report_turnaround": 30 * 60}
    assert _seconds(_row(*withdrawn)) == {}
    assert _seconds(_row(*withdrawn, said(EXAM, 70, e.FinalReportPublished)))["report_turnaround"] == 60 * 60
