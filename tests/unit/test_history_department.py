"""The generative model: its mixes, its calendar, its durations, and waits from load. Seeds are fixed."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import takewhile
from statistics import fmean, median, quantiles
from zoneinfo import ZoneInfo

import pytest

from producers.history.synthetic import SyntheticHistory
from producers.simulator.department import DepartmentConfig
from producers.simulator.department_file import load_department
from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.hours import Hours
from producers.simulator.identities import PlanIdentity
from producers.simulator.plan import DepartmentPlan

DEPARTMENT = load_department()
BERLIN = ZoneInfo("Europe/Berlin")
MONDAY = datetime(2026, 3, 2, tzinfo=BERLIN)
WEEKS = 8


def played(department: DepartmentConfig, days: int, started_at: datetime = MONDAY) -> list[SimulatedExam]:
    until = started_at + timedelta(days=days)
    plan = DepartmentPlan(department, PlanIdentity(1, "GENERAL", "laws"), started_at)
    return list(takewhile(lambda exam: exam.begins_at < until, plan.exams()))


@cache
def eight_weeks() -> tuple[SimulatedExam, ...]:
    return tuple(played(DEPARTMENT, 7 * WEEKS))


def seconds(exams: Iterable[SimulatedExam], since: Step, until: Step) -> list[float]:
    return [
        (end - begin).total_seconds()
        for exam in exams
        if (begin := exam.at(since)) is not None and (end := exam.at(until)) is not None
    ]


def shares(values: Iterable[str]) -> dict[str, float]:
    counts = Counter(values)
    return {value: count / counts.total() for value, count in counts.items()}


def test_the_mix_of_modalities_and_classes_is_that_of_the_sources() -> None:
    modalities = shares(exam.modality for exam in eight_weeks())
    # England 2012 without fluoroscopy: 60.4, 20.9, 9.4 and 6.5 of 97.2.
    for code, share in {"CR": 0.621, "US": 0.215, "CT": 0.097, "MR": 0.067}.items():
        assert modalities[code] == pytest.approx(share, abs=0.02)
    assert shares(exam.patient_class for exam in eight_weeks())["O"] == pytest.approx(0.65, abs=0.03)


def test_emergencies_are_more_urgent_and_more_often_computed_tomography() -> None:
    def of_class(code: str) -> list[SimulatedExam]:
        return [exam for exam in eight_weeks() if exam.patient_class == code]

    assert shares(exam.priority for exam in of_class("E"))["S"] == pytest.approx(0.40, abs=0.04)
    assert shares(exam.priority for exam in of_class("O"))["R"] == pytest.approx(0.94, abs=0.02)
    emergency, outpatient = (shares(exam.modality for exam in of_class(code)) for code in "EO")
    assert emergency["CT"] > 1.5 * outpatient["CT"]


def test_each_weekday_has_its_share_of_orders() -> None:
    by_day = Counter(exam.begins_at.astimezone(BERLIN).weekday() for exam in eight_weeks())
    hours = Hours(DEPARTMENT, MONDAY)
    for weekday in range(7):
        days = [MONDAY + timedelta(days=7 * week + weekday) for week in range(WEEKS)]
        expected = sum(Hours(DEPARTMENT, day).expected_orders(day + timedelta(days=1)) for day in days)
        assert abs(by_day[weekday] - expected) < 4 * math.sqrt(expected)
    assert by_day[6] < 0.45 * by_day[0]
    total = hours.expected_orders(MONDAY + timedelta(weeks=WEEKS))
    assert abs(len(eight_weeks()) - total) < 4 * math.sqrt(total)


def test_holidays_and_summers_are_quiet_and_nights_belong_to_emergencies() -> None:
    def expected(day: date) -> float:
        begins = datetime(day.year, day.month, day.day, tzinfo=BERLIN)
        return Hours(DEPARTMENT, begins).expected_orders(begins + timedelta(days=1))

    assert expected(date(2026, 5, 1)) < 0.4 * expected(date(2026, 4, 24))  # two Fridays
    assert expected(date(2026, 8, 5)) < 0.95 * expected(date(2026, 2, 4))  # two Wednesdays
    at_night = [exam for exam in eight_weeks() if exam.begins_at.hour in (1, 2, 3)]
    assert shares(exam.patient_class for exam in at_night)["E"] > 0.5


def test_hours_are_the_departments_own_when_its_clocks_change() -> None:
    """On 29 March 2026 Berlin goes from UTC+1 to UTC+2: the busy hour moves by one in UTC."""
    before, after = datetime(2026, 3, 28, 8, tzinfo=BERLIN), datetime(2026, 4, 4, 8, tzinfo=BERLIN)
    hours = Hours(DEPARTMENT, before)
    later_s = (after.astimezone(UTC) - before.astimezone(UTC)).total_seconds()
    assert later_s == 7 * 86_400 - 3600
    assert hours.local(later_s).hour == 8
    assert hours.busyness(0).total == pytest.approx(
        hours.busyness(later_s).total * DEPARTMENT.monthly_profile[2] / DEPARTMENT.monthly_profile[3]
    )


@pytest.mark.parametrize("code", ["XRCHEST", "USABD"])
def test_durations_of_a_procedure_are_log_logistic(code: str) -> None:
    """Half, a tenth and nine tenths lie below the law's own quantiles."""
    modality, procedure = next(
        (one, procedure)
        for one in DEPARTMENT.modalities
        for procedure in one.procedures
        if procedure.code == code
    )
    exams = [exam for exam in eight_weeks() if exam.procedure.code == code]
    took_s = seconds(exams, Step.STARTED, Step.COMPLETED)
    assert len(took_s) > 700
    found = quantiles(took_s, n=10)
    for tenth in (1, 5, 9):
        law_s = modality.acquisition.at(tenth / 10) * procedure.scanning
        assert found[tenth - 1] == pytest.approx(law_s, rel=0.06)


def test_waits_grow_with_load_and_urgent_patients_wait_less() -> None:
    """Nothing but the number of orders differs: the wait comes from the queue."""
    means = []
    for factor in (0.5, 1.0, 1.5):
        busy = replace(DEPARTMENT.without_faults(), orders_per_hour=DEPARTMENT.orders_per_hour * factor)
        exams = [exam for exam in played(busy, 14) if exam.modality in ("CT", "MR")]
        waits = {p: seconds([e for e in exams if e.priority == p], Step.ARRIVED, Step.STARTED) for p in "SR"}
        assert fmean(waits["S"]) < fmean(waits["R"]) or factor < 1
        means.append(fmean(waits["R"]))
    assert means[0] * 1.3 < means[1] < means[2] / 1.3


def test_what_nobody_on_duty_reads_waits_for_the_next_shift() -> None:
    """Evenings have one reader where the day has four: reports of the evening take longer."""
    by_hour: dict[str, list[float]] = defaultdict(list)
    for exam in eight_weeks():
        sent_at = exam.at(Step.IMAGES_SENT)
        if sent_at is not None and exam.priority == "R" and exam.begins_at.weekday() < 5:
            hour = sent_at.astimezone(BERLIN).hour
            part = "morning" if 9 <= hour < 12 else "evening" if 18 <= hour < 21 else "other"
            by_hour[part] += seconds([exam], Step.IMAGES_SENT, Step.DICTATED)
    assert median(by_hour["evening"]) > 2 * median(by_hour["morning"])


def test_a_reader_reads_one_exam_at_a_time_and_only_what_is_of_their_speciality() -> None:
    reads = {
        f"R{number:03d}": group.reads
        for number, group in enumerate(
            (group for group in DEPARTMENT.readers for _ in range(group.readers)), start=1
        )
    }
    for exam in eight_weeks():
        if exam.at(Step.FINAL) is not None:
            assert exam.modality in reads[exam.reader.code]
    assert {exam.reader.code for exam in eight_weeks() if exam.at(Step.FINAL)} == set(reads)


def test_a_scanner_that_breaks_down_is_missed() -> None:
    ct = next(one for one in DEPARTMENT.modalities if one.code == "CT")
    assert ct.breakdowns is not None
    fragile = replace(ct, breakdowns=replace(ct.breakdowns, mean_h_between=60.0))
    others = tuple(one for one in DEPARTMENT.modalities if one.code != "CT")
    broken, sound = (
        seconds(
            (e for e in played(replace(DEPARTMENT, modalities=(*others, one)), 21) if e.modality == "CT"),
            Step.ARRIVED,
            Step.STARTED,
        )
        for one in (fragile, replace(ct, breakdowns=None))
    )
    assert fmean(broken) > 2 * fmean(sound)


def test_some_steps_are_never_said() -> None:
    scanned = [exam for exam in eight_weeks() if exam.at(Step.COMPLETED) is not None]
    for step, share in DEPARTMENT.faults.missing.items():
        missing = sum(exam.at(Step(step)) is None for exam in scanned)
        assert missing / len(scanned) == pytest.approx(share, abs=0.015)


def test_a_history_has_as_many_exams_as_were_asked_for() -> None:
    ends_at = datetime(2026, 7, 1, tzinfo=UTC)
    for per_year in (20_000, 150_000):
        history = SyntheticHistory(
            begins_at=ends_at - timedelta(days=14), ends_at=ends_at, exams_per_year=per_year
        )
        expected = per_year * 14 / 365.25
        assert history.expected_exams() == pytest.approx(expected, rel=0.001)
        assert sum(1 for _ in history.exams()) == pytest.approx(expected, rel=0.08)
