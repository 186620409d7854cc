"""What the forecasts say of open exams, when, and when they say nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from processors.alerts.targets import Version
from processors.facts import to_us
from processors.predictions.baseline import Baseline
from processors.predictions.config import BASELINE, InUse
from processors.predictions.department import Department
from processors.predictions.desk import ForecastDesk, Said
from processors.predictions.exam import PREDICTED, ForecastExam, Phase, exam_of_row
from processors.predictions.forecaster import MilestoneForecaster
from processors.predictions.model import QuantileModel, UnreadableModel
from processors.predictions.package import digest_of, packed, unpacked
from processors.predictions.rows import says_something_new
from processors.predictions.starting import is_needed, known_in_order, left_open
from processors.predictions.training import DAY_US, trained
from schemas.codec import encode_body
from schemas.parts import Target
from schemas.views import PredictionRow
from tests.alert_rows import row
from tests.forecast_examples import PLAN, department, desk_judging_by
from tests.histories import MORNING

NOW_US = to_us(MORNING)
MINUTE_US = 60_000_000
TARGETS = (Target(interval="report_turnaround", due_s=3600, warn_before_s=900),)
QUANTILES = np.array([5.0, 10, 20, 30, 60, 120, 240])
MEDIANS = InUse(BASELINE, {name: MilestoneForecaster(Baseline({(): QUANTILES})) for name in PREDICTED})
NOTHING = InUse(BASELINE, {name: MilestoneForecaster(Baseline({})) for name in PREDICTED})


def exam(events: int = 1, stage: str = "acquired", minutes: float = 0, **fields: object) -> ForecastExam:
    known = {
        "completed_at": minutes,
        "stage_since_at": minutes,
        "modality": "CT",
        "priority": "STAT",
    } | fields
    return exam_of_row(row(events, stage=stage, **known))  # type: ignore[arg-type]  # as each field wants


def settled(
    desk: ForecastDesk, minutes: float = 0, *, everything: bool = False, by: InUse = MEDIANS
) -> list[Said]:
    return desk.settle(by, NOW_US + int(minutes * MINUTE_US), everything=everything)


def rows_of(said: list[Said]) -> dict[str, PredictionRow]:
    return {one.milestone: one for _, one in said if one is not None}


def test_each_milestone_to_come_has_a_forecast_with_its_range_and_its_target() -> None:
    desk = desk_judging_by(*TARGETS)
    desk.take_exam(exam(), NOW_US)
    said = rows_of(settled(desk))
    assert set(said) == {"study_stored", "preliminary", "final"}
    final = said["final"]
    said_at = (getattr(final, f"p{level}_at") for level in ("05", "10", "25", "50", "75", "90", "95"))
    assert tuple(said_at) == tuple(MORNING + timedelta(minutes=float(one)) for one in QUANTILES)
    assert final.baseline_min == tuple(QUANTILES)
    assert (final.interval, final.due_at) == ("report_turnaround", MORNING + timedelta(hours=1))
    assert final.breach_probability == final.baseline_probability == pytest.approx(0.25, abs=1e-6)
    assert said["preliminary"].breach_probability is said["preliminary"].baseline_probability is None
    assert (final.model, final.reasons) == (BASELINE, ())


def test_an_exam_is_judged_by_the_targets_that_were_in_force_when_its_interval_began() -> None:
    """As alerts judge it: else its line would have one due time and its forecast another."""
    desk = desk_judging_by(*TARGETS)
    desk.take_exam(exam(), NOW_US)
    later = (replace(TARGETS[0], due_s=1800),)
    desk.versions.add(Version(NOW_US + MINUTE_US, "later", "later", later))
    desk.take_exam(replace(exam(2, minutes=2), exam_id="GENERAL|A2"), NOW_US + 3 * MINUTE_US)
    due = {one.exam_id: one.due_at for _, one in settled(desk, 3) if one is not None and one.due_at}
    assert due == {
        exam().exam_id: MORNING + timedelta(hours=1),
        "GENERAL|A2": MORNING + timedelta(minutes=32),
    }


def test_what_hardly_moves_is_not_said_again_until_it_is_old() -> None:
    desk = desk_judging_by(*TARGETS)
    desk.take_exam(exam(), NOW_US)
    assert settled(desk)
    assert settled(desk, 1, everything=True) == []
    assert set(rows_of(settled(desk, 16, everything=True))) == {"study_stored", "preliminary", "final"}


def test_a_milestone_that_came_or_will_not_come_leaves_the_topic() -> None:
    desk = desk_judging_by(*TARGETS)
    desk.take_exam(exam(), NOW_US)
    settled(desk)
    desk.take_exam(exam(2, "preliminary", preliminary_at=0), NOW_US)
    gone = [key for key, one in settled(desk, 1) if one is None]
    assert [key.rpartition("|")[2] for key in gone] == ["study_stored", "preliminary"]
    desk.take_exam(exam(3, "cancelled", cancelled_at=0), NOW_US)
    assert [key.rpartition("|")[2] for key, one in settled(desk, 2) if one is None] == ["final"]
    assert desk.open_exams == 0


def test_an_exam_that_nobody_closed_is_not_forecast_for_ever() -> None:
    """Of a thousand exams some are never reported: they would be forecast each minute, year after year."""
    desk, month = desk_judging_by(*TARGETS), 31 * 24 * 60
    desk.take_exam(exam(), NOW_US)
    assert settled(desk, month, everything=True)
    assert {one for _, one in settled(desk, month + 1, everything=True)} == {None}
    assert settled(desk, month + 2, everything=True) == []
    desk.take_exam(exam(2, dictated_at=month + 3, stage="dictated"), NOW_US)
    assert set(rows_of(settled(desk, month + 4))) == {"preliminary", "final"}, "it goes on after all"
    booked = exam(1, "scheduled", completed_at=-1, scheduled_at=2 * month)
    desk.take_exam(replace(booked, exam_id="GENERAL|A2", reached={"ordered": NOW_US}), NOW_US)
    assert "started" in rows_of(settled(desk, month + 5)), (
        "an appointment in two months is none that was lost"
    )


def test_however_many_exams_are_open_it_stays_our_turn_and_nothing_is_said_twice() -> None:
    desk, kept = desk_judging_by(*TARGETS), list[int]()
    for number in range(2_500):
        desk.take_exam(replace(exam(), exam_id=f"GENERAL|{number}"), NOW_US)
    said = desk.settle(MEDIANS, NOW_US, everything=True, between=lambda: kept.append(1))
    assert len({key for key, _ in said}) == len(said) == 3 * 2_500
    assert len(kept) == 3


def test_after_a_start_what_is_over_by_now_leaves_the_topic() -> None:
    before = desk_judging_by(*TARGETS)
    before.take_exam(exam(), NOW_US)
    desk = desk_judging_by(*TARGETS)
    for one in rows_of(settled(before)).values():
        desk.take_said(one)
    assert [one for _, one in settled(desk, everything=True)] == [None, None, None]


def test_without_history_nothing_is_said_and_no_number_is_made_up() -> None:
    desk = desk_judging_by(*TARGETS)
    desk.take_exam(exam(), NOW_US)
    assert desk.settle(None, NOW_US, everything=True) == []
    desk.take_exam(exam(2), NOW_US)
    assert settled(desk, by=NOTHING) == []


def test_an_exam_that_is_gone_is_forgotten() -> None:
    desk = desk_judging_by(*TARGETS)
    known = exam()
    desk.take_exam(known, NOW_US)
    settled(desk)
    desk.forget(known.exam_id)
    assert {one for _, one in settled(desk, everything=True)} == {None}


def test_a_model_says_what_moved_its_forecast() -> None:
    forecasters = trained(department(12_000), 60 * DAY_US, PLAN)
    desk = desk_judging_by(*TARGETS)
    desk.take_exam(exam(), NOW_US)
    by = InUse("20261129T000000Z-abc", {**MEDIANS.forecasters, "final": forecasters["final"]})
    said = rows_of(settled(desk, by=by))
    assert said["final"].model == "20261129T000000Z-abc"
    assert said["final"].baseline_min is not None
    assert len({said["final"].baseline_min, said["preliminary"].baseline_min}) == 2
    assert 1 <= len(said["final"].reasons) <= 3
    assert said["preliminary"].model == BASELINE


def test_where_the_medians_know_nothing_the_model_speaks_without_them() -> None:
    known = trained(department(12_000), 60 * DAY_US, PLAN)["final"]
    desk = desk_judging_by(*TARGETS)
    desk.take_exam(exam(), NOW_US)
    alone = {**MEDIANS.forecasters, "final": replace(known, baseline=Baseline({}))}
    final = rows_of(settled(desk, by=InUse("m1", alone)))["final"]
    assert (final.model, final.baseline_min, final.baseline_probability) == ("m1", None, None)
    assert final.breach_probability is not None
    encode_body(final)


def test_after_a_start_the_last_hour_is_that_of_the_department_and_not_of_all_that_waits() -> None:
    """Hundreds of reports may be due since days when it starts."""

    def begun(number: int, at_us: int) -> tuple[int, ForecastExam]:
        reached = {"arrived": at_us - 20 * MINUTE_US, "started": at_us, "completed": at_us + MINUTE_US}
        one = replace(exam(), exam_id=f"GENERAL|{number}", reached=reached, since_us=at_us)
        return at_us + MINUTE_US, one

    old = [begun(number, NOW_US - 3 * DAY_US + number * MINUTE_US) for number in range(50)]
    lately = [begun(number, NOW_US - (150 - number) * MINUTE_US) for number in range(100, 150)]
    over = [
        replace(one, phase=Phase.OVER, reached={**one.reached, "final": NOW_US}) for _, one in lately[:10]
    ]
    reported = [(NOW_US, one) for one in over]
    recent = [*lately, *reported]
    assert left_open(recent) == {one.exam_id for _, one in lately[10:]}
    standing = [change for change in [*lately[10:], *old] if is_needed(change[1], left_open(recent))]
    heard = known_in_order(recent, standing)
    started, lived = Department(), Department()
    for department_, changes in ((started, heard), (lived, [*old, *recent])):
        for at_us, one in changes:
            department_.take(one, at_us)
    asked = old[0][1]
    assert started.load(asked, NOW_US) == lived.load(asked, NOW_US)
    assert started.load(asked, NOW_US)[7:10:2] == (50, 10), "begun, and read"
    assert not is_needed(over[0], left_open(recent))
    assert is_needed(over[0], {over[0].exam_id}), "else it would stay open"


def test_what_moved_a_forecast_is_worked_out_only_where_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, work_out = list[int](), QuantileModel.reasons

    def counted(model: QuantileModel, matrix: np.ndarray, count: int = 3) -> list[tuple[str, ...]]:
        asked.append(len(matrix))
        return work_out(model, matrix, count)

    monkeypatch.setattr(QuantileModel, "reasons", counted)
    forecasters = trained(department(12_000), 60 * DAY_US, PLAN)
    by = InUse("m1", {**MEDIANS.forecasters, "final": forecasters["final"]})
    desk = desk_judging_by(*TARGETS)
    for number in range(7):
        desk.take_exam(replace(exam(), exam_id=f"GENERAL|{number}"), NOW_US)
    assert all(rows.reasons for key, rows in settled(desk, by=by) if rows and key.endswith("|final"))
    assert settled(desk, 1, everything=True, by=by) == []
    assert asked == [7], "nothing was said anew"


def test_a_forecast_from_before_the_clock_was_set_back_is_said_anew() -> None:
    desk = desk_judging_by(*TARGETS)
    desk.take_exam(exam(), NOW_US)
    now = rows_of(settled(desk))["final"]
    assert not says_something_new(now, replace(now, made_at=now.made_at + timedelta(minutes=14)))
    assert says_something_new(now, replace(now, made_at=now.made_at + timedelta(minutes=15)))
    assert says_something_new(now, replace(now, made_at=now.made_at - timedelta(minutes=15)))


def test_a_package_gives_the_same_forecasters_and_none_that_was_changed() -> None:
    forecasters = trained(department(12_000), 60 * DAY_US, PLAN)
    content = packed(forecasters)
    again = unpacked(content, digest_of(content))
    assert packed(again) == content
    some = department(200, seed=5)
    for name in PREDICTED:
        assert np.array_equal(
            forecasters[name].predicted(some)[0], again[name].predicted(some)[0], equal_nan=True
        )
    with pytest.raises(UnreadableModel, match="not those that were stored"):
        unpacked(content[:-1] + b"x", digest_of(content))
    for broken in (b"", b"no model", content[:1000], packed({})):
        with pytest.raises(UnreadableModel):
            unpacked(broken, digest_of(broken))


def test_a_forecast_beyond_all_times_stays_a_time() -> None:
    far = replace(MEDIANS.forecasters["final"], baseline=Baseline({(): QUANTILES * 1e12}))
    desk = desk_judging_by(*TARGETS)
    desk.take_exam(exam(), NOW_US)
    said = rows_of(settled(desk, by=InUse(BASELINE, {**MEDIANS.forecasters, "final": far})))
    assert said["final"].p90_at <= MORNING + timedelta(days=367)
