"""The plan: the same department for ever, with queues that are real."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from producers.simulator.department import InvalidDepartment
from producers.simulator.department_file import DEFAULT_DEPARTMENT, load_department
from producers.simulator.draws import LogLogistic
from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.identities import PlanIdentity
from producers.simulator.plan import DepartmentPlan, bounded_department, start_for_end

DEPARTMENT = load_department()
OPENED_AT = datetime(2026, 1, 5, 6, tzinfo=UTC)


def exams(count: int, *, seed: int = 1, run_id: str = "r", zone: str = "UTC") -> list[SimulatedExam]:
    started_at = OPENED_AT.astimezone(ZoneInfo(zone))
    plan = DepartmentPlan(DEPARTMENT, PlanIdentity(seed, "GENERAL", run_id), started_at)
    return list(islice(plan.exams(), count))


def minutes(exam: SimulatedExam, since: Step, until: Step) -> float:
    begin, end = exam.at(since), exam.at(until)
    assert begin is not None
    assert end is not None
    return (end - begin).total_seconds() / 60


@given(seed=st.integers(min_value=0, max_value=1 << 32), run_id=st.text(min_size=1, max_size=12))
@settings(max_examples=10, deadline=None)
def test_the_same_seed_and_run_give_the_same_exams(seed: int, run_id: str) -> None:
    assert exams(12, seed=seed, run_id=run_id) == exams(12, seed=seed, run_id=run_id)


def test_an_exam_does_not_depend_on_how_many_are_asked_for() -> None:
    assert exams(150)[:40] == exams(40)


def test_another_run_of_the_same_department_has_other_identifiers() -> None:
    one, other = exams(30, run_id="monday"), exams(30, run_id="tuesday")
    assert {exam.accession_number for exam in one}.isdisjoint(exam.accession_number for exam in other)
    assert {exam.study_uid for exam in one}.isdisjoint(exam.study_uid for exam in other)


def test_every_step_comes_after_the_one_before() -> None:
    for exam in exams(400):
        instants = [at for _, at in exam.timeline]
        assert all(earlier < later for earlier, later in pairwise(instants))
        assert len(exam.control_ids) == len(exam.timeline)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/St_Johns"])
def test_a_zone_moves_the_busy_hours_and_not_the_order(zone: str) -> None:
    for exam in exams(50, zone=zone):
        instants = [at for _, at in exam.timeline]
        assert instants == sorted(instants)
        assert instants[0].utcoffset() == instants[0].astimezone(ZoneInfo(zone)).utcoffset()


def test_identifiers_are_unique_and_fit_their_fields() -> None:
    planned = exams(300)
    uids = [uid for exam in planned for uid in (exam.study_uid, exam.series_uid, *exam.instance_uids)]
    controls = [control_id for exam in planned for control_id in exam.control_ids]
    accessions = [exam.accession_number for exam in planned]
    for identifiers, longest in ((uids, 64), (controls, 20), (accessions, 16)):
        assert len(set(identifiers)) == len(identifiers)
        assert max(map(len, identifiers)) <= longest


def test_a_scanner_has_one_patient_at_a_time() -> None:
    occupied: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for exam in exams(500):
        started_at, completed_at = exam.at(Step.STARTED), exam.at(Step.COMPLETED)
        if started_at is not None and completed_at is not None:
            occupied[exam.scanner].append((started_at, completed_at))
    assert set(occupied) == {"CR1", "CR2", "US1", "US2", "CT1", "MR1"}
    for spans in occupied.values():
        ordered = sorted(spans)
        assert all(one[1] < next_one[0] for one, next_one in pairwise(ordered))


def test_patients_wait_for_a_scanner_and_urgent_ones_less() -> None:
    waits: dict[str, list[float]] = defaultdict(list)
    for exam in exams(1500):
        if exam.at(Step.STARTED) is not None and exam.at(Step.ARRIVED) is not None:
            waits[exam.priority].append(minutes(exam, Step.ARRIVED, Step.STARTED))
    assert max(waits["R"]) > 20
    assert median(waits["S"]) < median(waits["R"])


def test_nights_are_quieter_than_mornings() -> None:
    hours = [exam.begins_at.hour for exam in exams(2000)]
    assert sum(hour in (1, 2, 3) for hour in hours) < 0.4 * sum(hour in (9, 10, 11) for hour in hours)


def test_a_few_are_cancelled_and_those_are_never_scanned() -> None:
    cancelled = [exam for exam in exams(1000) if exam.at(Step.CANCELLED) is not None]
    assert 10 < len(cancelled) < 100
    assert all(exam.at(Step.ARRIVED) is None for exam in cancelled)
    assert all(exam.timeline[-1][0] is Step.CANCELLED for exam in cancelled)


@pytest.mark.parametrize("count", [1, 50, 500])
def test_a_bounded_run_is_a_day_that_has_ended_with_every_report(count: int) -> None:
    now = datetime(2026, 3, 29, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    config, identity = bounded_department(DEPARTMENT, count), PlanIdentity(7, "GENERAL", "demo")
    started_at = start_for_end(config, identity, count, now)
    planned = list(islice(DepartmentPlan(config, identity, started_at).exams(), count))
    assert all(exam.at(Step.FINAL) is not None and exam.at(Step.CANCELLED) is None for exam in planned)
    assert max(exam.ends_at for exam in planned) < now
    assert now - min(exam.begins_at for exam in planned) < timedelta(hours=24)


@given(median_s=st.floats(1, 1e4), shape=st.floats(1, 8), quantile=st.floats(0.001, 0.999))
def test_half_of_all_durations_lie_below_the_median(median_s: float, shape: float, quantile: float) -> None:
    law = LogLogistic(median_s=median_s, shape=shape, max_s=1e9)
    assert (law.at(quantile) < median_s) == (quantile < 0.5) or law.at(quantile) == pytest.approx(median_s)


@pytest.mark.parametrize(
    "text", ["orders_per_hour = ", "orders_per_hour = 3.0", "unknown = 1", "hourly_profile = [1.0]"]
)
def test_an_unfinished_department_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "department.toml"
    path.write_text(text)
    with pytest.raises(InvalidDepartment):
        load_department(path)


def test_a_department_without_a_scanner_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "department.toml"
    described = DEFAULT_DEPARTMENT.read_text("utf-8")
    path.write_text(described.replace("scanners = 2", "scanners = 0"), "utf-8")
    with pytest.raises(InvalidDepartment, match="scanner"):
        load_department(path)
