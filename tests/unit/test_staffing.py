"""Other staffing in the simulator, fed with real arrivals: calibrated, and held against what there was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, takewhile
from typing import Any

import pytest

from dashboards.questions import BadQuestion
from dashboards.trends.question import Period
from dashboards.what_if.staffing import Change, Course, read_change
from producers.simulator.department_file import load_department
from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.identities import PlanIdentity
from producers.simulator.plan import DepartmentPlan
from runtime.staffing import StaffingModel
from schemas.parts import Target

START = datetime(2026, 3, 2, tzinfo=UTC)
PERIOD = Period(START.date(), (START + timedelta(days=13)).date())
TARGET = Target(interval="arrival_to_start", due_s=2700, warn_before_s=600)
AS_IT_IS = Change(scanners={}, readers=0, from_h=0, to_h=24)
_PRIORITY = {"S": "STAT", "A": "ASAP", "R": "ROUTINE"}


def course(exam: SimulatedExam) -> Course:
    def at(step: Step) -> Any:
        return exam.at(step)

    return Course(
        modality=exam.modality,
        priority=_PRIORITY[exam.priority],
        patient_class=exam.patient_class,
        site="GENERAL",
        station=exam.scanner,
        reader=exam.reader.code,
        arrived_at=at(Step.ARRIVED),
        started_at=at(Step.STARTED),
        completed_at=at(Step.COMPLETED),
        stored_at=at(Step.IMAGES_SENT),
        dictated_at=at(Step.DICTATED),
        final_at=at(Step.FINAL),
    )


@cache
def history() -> tuple[Course, ...]:
    """Two weeks of a department whose CT is short, without what chance adds."""
    config = replace(load_department().without_faults(), absent_share=0.0)
    modalities = tuple(replace(one, breakdowns=None) for one in config.modalities)
    plan = DepartmentPlan(
        replace(config, modalities=modalities), PlanIdentity(3, "GENERAL", "what-if"), START
    )
    exams = takewhile(lambda exam: exam.begins_at < START + timedelta(days=14), islice(plan.exams(), 20_000))
    found = [course(exam) for exam in exams if exam.at(Step.CANCELLED) is None]
    return tuple(sorted(found, key=lambda one: one.arrived_at))


def modelled(change: Change, courses: Sequence[Course] | None = None) -> dict[str, Any]:
    model = StaffingModel(lambda: [TARGET])
    return model(history() if courses is None else courses, change, PERIOD, UTC)


def row(found: dict[str, Any], interval: str, value: str = "all") -> dict[str, Any]:
    (one,) = (one for one in found["rows"] if (one["interval"], one["value"]) == (interval, value))
    return dict(one)


def test_the_modelled_present_is_near_what_was_measured_and_no_change_changes_nothing() -> None:
    found = modelled(AS_IT_IS)
    assert found["modelled"] > 0.95 * found["exams"]
    assert found["scanners"]["present"] == {one.code: one.scanners for one in load_department().modalities}
    for one in found["rows"]:
        assert [one[f"present_{figure}"] for figure in ("p50_s", "p90_s", "late_share")] == [
            one[f"changed_{figure}"] for figure in ("p50_s", "p90_s", "late_share")
        ]
    waits = row(found, "arrival_to_start")
    assert waits["present_p50_s"] == pytest.approx(waits["measured_p50_s"], rel=0.25)
    assert waits["present_p90_s"] == pytest.approx(waits["measured_p90_s"], rel=0.25)
    assert waits["present_late_share"] == pytest.approx(waits["measured_late_share"], abs=0.05)
    reports = row(found, "report_turnaround")
    assert reports["present_p50_s"] == pytest.approx(reports["measured_p50_s"], rel=0.35)


def test_how_long_a_reading_takes_is_told_from_exams_that_waited() -> None:
    found = modelled(AS_IT_IS)["reading_s"]
    for one in load_department().modalities:
        assert found[one.code] == pytest.approx(one.reading.median_s, rel=0.3)


def test_another_scanner_shortens_the_wait_of_its_modality_alone() -> None:
    before = modelled(AS_IT_IS)
    after = modelled(replace(AS_IT_IS, scanners={"CT": 1}))
    assert after["scanners"]["changed"]["CT"] == 2
    wait = row(after, "arrival_to_start", "CT")
    assert wait["changed_p90_s"] < 0.8 * wait["present_p90_s"]
    assert wait["changed_late_share"] < wait["present_late_share"]
    for code in ("CR", "US", "MR"):
        assert row(after, "arrival_to_start", code) == row(before, "arrival_to_start", code)


def test_fewer_readers_make_reports_late_and_more_make_them_sooner() -> None:
    fewer = row(modelled(replace(AS_IT_IS, readers=-1, from_h=8, to_h=15)), "report_turnaround")
    more = row(modelled(replace(AS_IT_IS, readers=1)), "report_turnaround")
    assert fewer["changed_p90_s"] > fewer["present_p90_s"]
    assert more["changed_p90_s"] < more["present_p90_s"]


def test_what_cannot_be_modelled_is_told() -> None:
    with pytest.raises(BadQuestion, match="at least one has to be left"):
        modelled(replace(AS_IT_IS, scanners={"CT": -1}))
    with pytest.raises(BadQuestion, match="no exam of PT"):
        modelled(replace(AS_IT_IS, scanners={"PT": 1}))
    with pytest.raises(BadQuestion, match="nobody would be left"):
        modelled(replace(AS_IT_IS, readers=-99))
    with pytest.raises(BadQuestion, match="fewer than 20"):
        modelled(AS_IT_IS, history()[:10])
    with pytest.raises(BadQuestion, match="nobody is known"):
        modelled(AS_IT_IS, [replace(one, reader="") for one in history()[:200]])


def test_a_change_is_read_or_refused_with_how_it_is_written() -> None:
    read = read_change({"scanners": "CT+1, MR-1", "readers": "+2", "hours": "8-17"})
    assert read == Change(scanners={"CT": 1, "MR": -1}, readers=2, from_h=8, to_h=17)
    assert read_change({}) == AS_IT_IS
    for wrong in ({"scanners": "CT 1"}, {"readers": "many"}, {"hours": "17-8"}, {"hours": "8-25"}):
        with pytest.raises(BadQuestion):
            read_change(wrong)
