"""Early warning: an alert opens when it has become likely that a target is missed, and tells what came."""

from __future__ import annotations

import pytest

from processors.alerts.outlook import KnownForecasts
from processors.alerts.targets_file import InvalidTargets, parse_targets
from processors.predictions.likely_late import late_since
from schemas.forecast_features import BASELINE
from schemas.views import AlertRow, WorklistRow
from tests.alert_rows import TARGETS, Desk, at, forecast, row, us, version

COMPLETED = row(2, completed_at=0, priority="STAT", modality="CT")


def final(minutes: float) -> WorklistRow:
    return row(3, completed_at=0, final_at=minutes, priority="STAT", stage="final")


def desk_with(*forecasts: object, text: str = TARGETS) -> Desk:
    desk = Desk(version(-600, text))
    desk.take(COMPLETED)
    desk.hear(*forecasts)  # type: ignore[arg-type]  # as `forecast` makes them
    return desk


def only(desk: Desk) -> AlertRow:
    (alert,) = desk.topic.values()
    return alert


def test_what_is_likely_late_is_warned_of_long_before_with_the_reasons_and_says_that_it_came_true() -> None:
    desk = desk_with(forecast(5, 0.72, late_since=5))
    assert desk.settle(5) == []
    assert desk.desk.next_us() == us(8), "so likely it has to be for three minutes"
    assert desk.settle(8) == ["warned"]
    alert = only(desk)
    assert (alert.warned_at, alert.warned_before_s, alert.warned_by) == (at(8), 52 * 60, "m1")
    assert (alert.breach_probability, alert.reasons, alert.forecast_at) == (0.72, ("unread",), at(5))
    assert (alert.p10_at, alert.p50_at, alert.p90_at) == (at(15), at(35), at(95))
    assert alert.warning_came_true is None
    desk.hear(forecast(10, 0.9, late_since=5))
    assert desk.settle(10) == [], "a forecast that moves on does not ring again"
    assert desk.settle(60) == ["breached"]
    desk.take(final(70))
    desk.unsay(forecast(10, 0.9))
    assert desk.settle(71) == ["resolved"]
    assert (only(desk).warning_came_true, only(desk).warned_before_s) == (True, 52 * 60)


def test_a_warning_after_which_the_target_was_kept_did_not_come_true() -> None:
    desk = desk_with(forecast(5, 0.72, late_since=5))
    desk.settle(8)
    desk.take(final(50))
    assert desk.settle(50) == ["met"]
    assert (only(desk).warning_came_true, only(desk).warned_before_s) == (False, 52 * 60)


def test_of_a_called_off_exam_nobody_knows_whether_the_warning_was_right() -> None:
    desk = desk_with(forecast(5, 0.72, late_since=5))
    desk.settle(8)
    desk.take(row(3, completed_at=0, cancelled_at=20, priority="STAT", stage="cancelled"))
    assert desk.settle(20) == ["met"]
    assert only(desk).warning_came_true is None


def test_a_forecast_that_sees_no_danger_keeps_the_clock_s_warning_back_while_it_counts() -> None:
    desk = desk_with(forecast(40, 0.1))
    assert desk.settle(45) == []
    assert desk.desk.next_us() == us(60)
    desk.hear(forecast(44, 0.2))
    assert desk.settle(59) == []
    assert desk.settle(60) == ["breached"]
    assert (only(desk).warned_at, only(desk).warning_came_true) == (None, None), "nobody was warned"


def test_an_old_forecast_does_not_count_and_the_clock_speaks_again() -> None:
    desk = desk_with(forecast(30, 0.1))
    assert desk.settle(45) == []
    assert desk.desk.next_us() == us(50), "twenty minutes after it was made"
    assert desk.settle(50) == ["warned"]
    assert (only(desk).warned_by, only(desk).breach_probability) == ("clock", None)


def test_a_forecast_that_grew_old_before_it_was_likely_for_long_enough_raises_nothing() -> None:
    text = "[warning]\nfor_min = 25\n" + TARGETS
    desk = desk_with(forecast(5, 0.9, late_since=5), text=text)
    assert desk.settle(31) == []
    assert desk.settle(45) == ["warned"]
    assert only(desk).warned_by == "clock"


def test_a_warning_stands_though_its_forecast_grows_old_and_is_taken_back_by_a_better_one() -> None:
    desk = desk_with(forecast(5, 0.72, late_since=5))
    desk.settle(8)
    assert desk.settle(40) == []
    desk.hear(forecast(41, 0.2))
    assert desk.settle(41) == ["open"]
    assert (only(desk).taken_back_at, only(desk).warning_came_true) == (at(41), False)
    desk.hear(forecast(50, 0.8, late_since=50))
    assert desk.settle(53) == ["warned"], "another warning rings anew"
    assert (only(desk).warned_at, only(desk).taken_back_at, only(desk).breach_probability) == (
        at(53),
        None,
        0.8,
    )
    assert len(desk.topic) == 1, "one alert for one interval, never two"


def test_a_breach_after_a_warning_was_taken_back_was_not_warned_of() -> None:
    desk = desk_with(forecast(5, 0.72, late_since=5))
    desk.settle(8)
    desk.hear(forecast(45, 0.2))
    desk.settle(45)
    assert desk.settle(60) == ["breached"]
    assert (only(desk).warning_came_true, only(desk).taken_back_at) == (False, at(45))


@pytest.mark.parametrize(
    "other",
    [
        forecast(5, 0.9, late_since=5, interval="completion_to_final"),
        forecast(5, 0.9, late_since=5, due=61),
        forecast(5, 0.9, late_since=5, due=None),
        forecast(5, 0.9, late_since=5, milestone="preliminary"),
        forecast(5, 0.9, late_since=5, exam_id="GENERAL|A2"),
        forecast(5, 0.9, late_since=5, model=BASELINE),
        forecast(5, None),
    ],
    ids=["interval", "due", "no target", "milestone", "exam", "medians", "no probability"],
)
def test_a_forecast_of_something_else_counts_for_nothing(other: object) -> None:
    desk = desk_with(other)
    assert desk.settle(44) == []
    assert desk.settle(45) == ["warned"]
    assert only(desk).warned_by == "clock"


def test_the_file_says_whether_the_medians_count_or_no_forecast_at_all() -> None:
    by_medians = forecast(5, 0.9, late_since=5, model=BASELINE)
    anyone = desk_with(by_medians, text='[warning]\nforecasts = "any"\n' + TARGETS)
    assert anyone.settle(8) == ["warned"]
    nobody = desk_with(forecast(5, 0.9, late_since=5), text='[warning]\nforecasts = "none"\n' + TARGETS)
    assert nobody.settle(44) == []
    assert nobody.settle(45) == ["warned"]


def test_a_repeated_or_earlier_forecast_changes_nothing() -> None:
    desk = desk_with(forecast(6, 0.2), forecast(5, 0.72, late_since=5), forecast(6, 0.9, late_since=5))
    assert desk.settle(30) == []
    assert desk.settle(44) == []


def test_a_target_may_have_a_threshold_of_its_own() -> None:
    first, second = parse_targets(
        "[warning]\nprobability = 0.5\nfor_min = 1\n"
        '[[target]]\ninterval = "acquisition"\nmodality = "CT"\ndue_min = 9\n'
        "warning = { probability = 0.9 }\n"
        '[[target]]\ninterval = "acquisition"\ndue_min = 9'
    )
    assert (first.warn_probability, first.warn_until_probability, first.warn_for_s) == (0.9, 0.6, 60)
    assert (second.warn_probability, second.warn_until_probability, second.warn_by) == (0.5, 0.333, "model")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("warning = 3", "[warning]: warning is a table of forecasts"),
        ("[warning]\nthreshold = 0.5", "no option threshold"),
        ('[warning]\nforecasts = "both"', "forecasts is one of model, any, none"),
        ("[warning]\nprobability = 60", "probability is a number from 0 to 1"),
        ("[warning]\nprobability = nan", "probability is a number from 0 to 1"),
        ("[warning]\nprobability = 0", "probability is above 0"),
        ("[warning]\nprobability = 0.5\nuntil_probability = 0.6", "until_probability not above it"),
        ("[warning]\nfor_min = true", "for_min is a number"),
    ],
)
def test_a_mistake_in_the_rule_is_told(rule: str, told: str) -> None:
    with pytest.raises(InvalidTargets) as caught:
        parse_targets(rule + '\n[[target]]\ninterval = "acquisition"\ndue_min = 9')
    assert told in str(caught.value)


def test_a_probability_that_flickers_between_the_two_thresholds_is_one_warning() -> None:
    rule = "[warning]\nprobability = 0.6\nuntil_probability = 0.4\n"
    (target,) = parse_targets(rule + '[[target]]\ninterval = "report_turnaround"\ndue_min = 60')
    said, since = None, []
    for minute, likely in enumerate((0.5, 0.61, 0.45, 0.62, 0.41, 0.39, 0.5, 0.7)):
        found = forecast(minute, likely)
        found = forecast(minute, likely, **_since(late_since(found, said, target)))
        since.append(found.late_since_at)
        said = found
    assert since == [None, at(1), at(1), at(1), at(1), None, None, at(7)]
    medians = forecast(0, 0.9, model=BASELINE)
    assert late_since(medians, None, target) is None
    assert late_since(forecast(9, 0.5, due=90), said, target) is None, "by another due time it begins anew"


def _since(instant: object) -> dict[str, float]:
    return {} if instant is None else {"late_since": (instant - at(0)).total_seconds() / 60}  # type: ignore[operator]  # a datetime


def test_of_an_exam_whose_forecasts_were_all_taken_back_nothing_is_kept() -> None:
    known, said = KnownForecasts(), forecast(5, 0.72)
    assert known.put(said.prediction_id, said) == said.exam_id
    assert known.put(said.prediction_id, None) == said.exam_id
    assert known.put(said.prediction_id, None) is None
    assert known.exams == 0
