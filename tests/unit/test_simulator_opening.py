"""A new simulated department opens at a busy hour that is over, whenever it is started."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from producers.simulator.department_file import DEFAULT_DEPARTMENT, load_department
from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.identities import PlanIdentity
from producers.simulator.opening import opens_at
from producers.simulator.plan import DepartmentPlan
from runtime.opening import UNDER_WAY_H

CONFIG = load_department(DEFAULT_DEPARTMENT)
BERLIN = ZoneInfo("Europe/Berlin")
SUNDAY_NIGHT, MONDAY = datetime(2026, 11, 29, 3, tzinfo=UTC), datetime(2026, 11, 30, 10, tzinfo=UTC)
A_WEEK = [datetime(2026, 11, 29, tzinfo=UTC) + timedelta(hours=hours) for hours in range(0, 168, 12)]


def under_way(at: datetime) -> list[SimulatedExam]:
    begun_at = at - timedelta(hours=UNDER_WAY_H)
    found: list[SimulatedExam] = []
    for exam in DepartmentPlan(CONFIG, PlanIdentity(1, "GENERAL", "L1"), begun_at).exams():
        if exam.begins_at >= at:
            return found
        if exam.ends_at >= at:
            found.append(exam)
    return found


def test_on_a_monday_morning_it_opens_now() -> None:
    assert opens_at(CONFIG, MONDAY) == MONDAY


@pytest.mark.parametrize("now", [SUNDAY_NIGHT, MONDAY, *A_WEEK])
def test_whenever_it_is_started_a_department_is_at_work_and_reports_within_the_hour(now: datetime) -> None:
    at = opens_at(CONFIG, now)
    assert now - timedelta(days=4) < at <= now
    exams = under_way(at)
    assert len(exams) >= 25
    within = at + timedelta(hours=1)
    assert any(step is Step.FINAL and at < said <= within for one in exams for step, said in one.timeline)


def test_it_opens_on_the_last_working_day_before_another_by_the_departments_own_clock() -> None:
    found = opens_at(CONFIG, SUNDAY_NIGHT.astimezone(BERLIN)).astimezone(BERLIN)
    assert (found.strftime("%A"), found.hour) == ("Thursday", 11)
    christmas = datetime(2026, 12, 27, 12, tzinfo=UTC)
    assert opens_at(CONFIG, christmas).date().isoformat() == "2026-12-22"


def test_a_department_without_busy_hours_opens_now() -> None:
    assert opens_at(CONFIG.at_all_hours(), SUNDAY_NIGHT) == SUNDAY_NIGHT
