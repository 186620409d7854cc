"""Quantiles, calibration, baseline, model and training: what each promises."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from processors.predictions.backtest import backtest
from processors.predictions.baseline import baseline_of
from processors.predictions.calibration import calibrated
from processors.predictions.contest import contested
from processors.predictions.features import CATEGORIES, FEATURES
from processors.predictions.model import (
    GROWN,
    UnreadableModel,
    fitted,
    matrix_of,
    model_of_texts,
    vocabulary_of,
)
from processors.predictions.quantiles import LEVELS, chance_within, in_order
from processors.predictions.scores import brier, coverage, groups_of, pinball, reliability
from processors.predictions.training import DAY_US, known_before, recalibrated, trained
from tests.forecast_examples import PLAN, department

MINUTES = st.floats(0, 1e5, allow_nan=False)
_NAMES = list(FEATURES)[len(CATEGORIES) :]


@given(arrays(float, (5, len(LEVELS)), elements=MINUTES), arrays(float, 5, elements=MINUTES), MINUTES)
def test_the_longer_one_waits_the_likelier_it_is_over(
    quantiles: np.ndarray, minutes: np.ndarray, more: float
) -> None:
    quantiles = in_order(quantiles)
    first, later = chance_within(quantiles, minutes), chance_within(quantiles, minutes + more)
    assert np.all((first >= 0) & (later <= 1) & (first <= later + 1e-12))
    assert np.all(chance_within(quantiles, np.full(5, -1.0)) == 0)


def test_the_chance_at_a_quantile_is_its_level() -> None:
    quantiles = np.array([[1.0, 2, 4, 8, 16, 32, 64]])
    for place, level in enumerate(LEVELS):
        assert chance_within(quantiles, quantiles[:, place])[0] == pytest.approx(level)


def test_nothing_known_gives_no_chance() -> None:
    assert np.isnan(chance_within(np.full((1, len(LEVELS)), np.nan), np.array([5.0])))[0]


def test_scores_of_small_cases_by_hand() -> None:
    assert pinball(np.array([[10.0]]), np.array([14.0]), (0.9,))[0, 0] == pytest.approx(3.6)
    assert pinball(np.array([[10.0]]), np.array([4.0]), (0.9,))[0, 0] == pytest.approx(0.6)
    assert coverage(np.array([1.0, 1]), np.array([3.0, 3]), np.array([3.0, 4])) == 0.5
    assert brier(np.array([0.8, 0.4]), np.array([True, False])) == pytest.approx(0.1)
    assert reliability(np.array([0.11, 0.19, 1.0]), np.array([False, True, True])) == [
        pytest.approx((0.15, 0.5, 2)),
        pytest.approx((1.0, 1.0, 1)),
    ]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from("xy")), max_size=30))
def test_groups_hold_each_place_once(keys: list[tuple[str, str]]) -> None:
    first, second = (np.array([key[place] for key in keys], dtype=np.str_) for place in (0, 1))
    found = dict(groups_of(first, second)) if keys else {}
    assert sorted(int(place) for places in found.values() for place in places) == list(range(len(keys)))
    for words, places in found.items():
        assert {keys[place] for place in places} == {words}


@settings(max_examples=20)
@given(st.floats(0.2, 5), st.floats(0.3, 3), st.integers(0, 1000))
def test_calibrated_intervals_hold_what_they_promise_however_wrong_the_model_is(
    shift: float, spread: float, seed: int
) -> None:
    """Of exchangeable outcomes the coverage is binomial, whatever the model said."""
    draws = np.random.default_rng(seed)
    minutes = draws.lognormal(3, 1, 4_000)
    wrong = np.exp(3 * shift / 2 + spread * np.array([-1.6, -1.3, -0.7, 0, 0.7, 1.3, 1.6]))
    said = np.tile(wrong, (4_000, 1))
    keys = (np.full(2_000, "CT"), np.full(2_000, "STAT"))
    moved = calibrated(said[:2_000], minutes[:2_000], *keys).applied(said[2_000:], *keys)
    inside = coverage(moved[:, LEVELS.index(0.1)], moved[:, LEVELS.index(0.9)], minutes[2_000:])
    assert abs(inside - 0.8) < 0.06


def test_a_group_with_few_outcomes_is_judged_between_itself_and_its_betters() -> None:
    draws = np.random.default_rng(1)
    minutes = np.concatenate((np.full(300, 10.0), draws.uniform(90, 110, 50)))
    keys = np.concatenate((np.full(300, "CT"), np.full(50, "MR"))).astype(np.str_)
    said = np.full((350, len(LEVELS)), 20.0)
    moved = calibrated(said, minutes, keys)
    of_ct, of_mr, unheard = (moved.applied(said[:1], np.array([word]))[0] for word in ("CT", "MR", "PT"))
    assert np.allclose(of_ct, 10.0)
    # Of the median all exams say 10, those of MR themselves some 100: fifty of them are heard by a quarter.
    median = LEVELS.index(0.5)
    own = float(np.log1p(np.quantile(minutes[300:], 0.5)))
    assert unheard[median] == pytest.approx(10.0)
    assert np.log1p(of_mr[median]) == pytest.approx(np.log1p(10.0) * 0.75 + own * 0.25, abs=0.02)


def test_the_baseline_is_the_rolling_quantile_of_the_narrowest_group_that_is_known() -> None:
    examples = department()
    baseline = baseline_of(examples, "final")
    one = examples.take(np.array([17]))
    same = (
        (examples.words[:, 1] == one.words[0, 1])
        & (examples.priority == one.priority[0])
        & (examples.numbers[:, _NAMES.index("hour")] == one.numbers[0, _NAMES.index("hour")])
    )
    if same.sum() < 20:
        same = (examples.words[:, 1] == one.words[0, 1]) & (examples.priority == one.priority[0])
    expected = np.quantile(examples.minutes("final")[same], LEVELS)
    assert np.allclose(baseline.predicted(one), expected)
    unknown = replace(one, words=np.array([["", "XX", "", ""]]))
    assert np.isfinite(baseline.predicted(unknown)).all()


def test_a_model_is_text_and_says_the_same_when_it_is_read_again() -> None:
    examples = department(2_000)
    vocabulary = vocabulary_of(examples.words)
    matrix = matrix_of(examples.words, examples.numbers, vocabulary)
    model = fitted(matrix, examples.minutes("final"), rounds=10, threads=1)
    again = model_of_texts(model.texts())
    assert np.array_equal(model.predicted(matrix), again.predicted(matrix))
    assert (np.diff(model.predicted(matrix)) >= 0).all()
    assert {reasons[0] for reasons in model.reasons(matrix[:50])} <= set(FEATURES)
    assert "unread" in {reason for reasons in model.reasons(matrix[:50]) for reason in reasons}
    with pytest.raises(UnreadableModel):
        model_of_texts([text[:200] for text in model.texts()])
    with pytest.raises(UnreadableModel, match="3 forests"):
        model_of_texts(model.texts()[:2])


def test_how_many_forests_grow_at_a_time_changes_none_of_them() -> None:
    examples, levels = department(3_000), list[float]()
    vocabulary = vocabulary_of(examples.words)
    matrix = matrix_of(examples.words, examples.numbers, vocabulary)
    one, three = (
        fitted(matrix, examples.minutes("final"), rounds=10, threads=threads, on_level=levels.append)
        for threads in (1, 3)
    )
    assert one.texts() == three.texts()
    assert levels == [*GROWN, *GROWN]


def test_a_training_that_is_interrupted_leaves_no_forest_growing() -> None:
    examples = department(3_000)
    matrix = matrix_of(examples.words, examples.numbers, vocabulary_of(examples.words))

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted(matrix, examples.minutes("final"), rounds=20, threads=2, on_level=interrupted)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("forests")]


def test_trained_forecasts_beat_the_baseline_and_know_what_they_do_not_know() -> None:
    examples = department(12_000)
    held = [one for one in backtest(examples, [50 * DAY_US], 7, PLAN) if one.milestone == "final"]
    (week,) = held
    ours, plain = pinball(week.quantiles, week.minutes).mean(), pinball(week.plain, week.minutes).mean()
    assert ours < 0.7 * plain
    inside = coverage(week.quantiles[:, 1], week.quantiles[:, 5], week.minutes)
    assert abs(inside - 0.8) < 0.05
    assert brier(week.chance, week.is_late) < brier(week.plain_chance, week.is_late)


def test_calibration_follows_a_department_that_slows_down() -> None:
    examples = department(12_000, slower=1.6)
    first, second = (
        one
        for one in backtest(examples, [50 * DAY_US], 10, replace(PLAN, calibration_days=7.0))
        if one.milestone == "final"
    )
    missed = [abs(np.mean(week.minutes <= week.quantiles[:, 3]) - 0.5) for week in (first, second)]
    assert missed[1] < missed[0]


def test_between_trainings_the_medians_follow_a_department_that_slows_down_too() -> None:
    examples, plan = department(12_000, slower=3.0), replace(PLAN, baseline_days=5.0)
    before = trained(examples, 50 * DAY_US, plan)
    now = recalibrated(before, examples, 60 * DAY_US, plan)["final"]
    assert now.model is before["final"].model
    assert (now.baseline.quantiles[()] > 2 * before["final"].baseline.quantiles[()]).all()


def test_with_too_few_examples_the_baseline_speaks_and_says_why() -> None:
    forecasters = trained(department(400), 60 * DAY_US, PLAN)
    examples = department(50, seed=2)
    said, is_model = forecasters["final"].predicted(examples)
    assert not is_model.any()
    assert np.isfinite(said).all()
    assert "500 are needed" in forecasters["final"].why
    nothing, _ = forecasters["started"].predicted(examples)
    assert np.isnan(nothing).all()


def test_of_a_modality_that_was_never_seen_the_baseline_speaks() -> None:
    forecaster = trained(department(12_000), 60 * DAY_US, PLAN)["final"]
    examples = department(10, seed=2)
    new = replace(examples, words=np.where(examples.words == "CT", "PT", examples.words))
    said, is_model = forecaster.predicted(new)
    assert list(is_model) == [word != "PT" for word in new.words[:, 1]]
    assert np.isfinite(said).all()


def test_a_new_model_has_to_beat_the_one_in_use_on_days_that_it_did_not_learn_from() -> None:
    examples = department(12_000)
    first = contested(examples, 60 * DAY_US, None, held_days=10, plan=PLAN)
    assert first.is_won
    assert "times that of the rolling median" in first.why
    again = contested(examples, 60 * DAY_US, first.forecasters, held_days=10, plan=PLAN)
    assert not again.is_won
    assert "1.000 times" in again.why
    poor = contested(examples, 60 * DAY_US, None, held_days=10, plan=replace(PLAN, rounds=1)).forecasters
    assert contested(examples, 60 * DAY_US, poor, held_days=10, plan=PLAN).is_won


def test_what_is_no_better_than_the_rolling_median_does_not_come_into_use() -> None:
    few = contested(department(400), 60 * DAY_US, None, held_days=10, plan=PLAN)
    assert not few.is_won
    assert "too few examples" in few.why
    examples = department(6_000)
    chance = np.random.default_rng(4).permutation(examples.numbers)  # features that tell nothing
    guessed = contested(replace(examples, numbers=chance), 60 * DAY_US, None, held_days=10, plan=PLAN)
    assert not guessed.is_won
    assert "times that of the rolling median" in guessed.why


def test_what_had_come_unknown_to_us_takes_no_time_and_what_never_came_none_that_is_known() -> None:
    examples = department(100)
    assert (examples.minutes("final") > 0).all()
    come = replace(examples, end_us=np.minimum(examples.end_us, examples.at_us[:, None] - 60_000_000))
    assert (replace(come, end_us=np.maximum(come.end_us, 1)).minutes("final") == 0).all()
    assert np.isnan(replace(examples, end_us=examples.end_us * 0).minutes("final")).all()


def test_nothing_is_learned_from_an_outcome_that_was_not_known_by_then() -> None:
    examples, cut_us = department(3_000), 50 * DAY_US
    known = known_before(examples, "final", cut_us, None, PLAN)
    assert len(known) > 2_000
    late = replace(examples, known_us=examples.known_us + 60 * DAY_US)
    assert len(known_before(late, "final", cut_us, None, PLAN)) == 0
    assert (
        len(known_before(replace(examples, known_us=examples.known_us * 0), "final", cut_us, None, PLAN)) == 0
    )
    assert known.at_us.max() < cut_us - PLAN.settling_days_us, (
        "of the settling days only what was quick is known"
    )


def test_the_weeks_that_calibrate_a_model_are_not_those_that_it_learned_from() -> None:
    examples, cut_us = department(8_000), 60 * DAY_US
    since_us = cut_us - PLAN.settling_days_us - int(PLAN.calibration_days * DAY_US)
    slower = (2 * examples.end_us - examples.at_us[:, None]) * (examples.end_us > 0)
    of_late = np.where((examples.at_us >= since_us)[:, None], slower, examples.end_us)
    first, other = (
        trained(one, cut_us, PLAN)["final"] for one in (examples, replace(examples, end_us=of_late))
    )
    assert first.model is not None
    assert other.model is not None
    assert first.model.texts() == other.model.texts()
    assert (other.calibration.offsets[()] > first.calibration.offsets[()] + 0.5).all()


def test_a_model_is_scored_on_days_of_which_it_saw_nothing() -> None:
    """Whatever becomes of the held-out days, what is forecast of them is the same."""
    examples, now_us = department(8_000), 60 * DAY_US
    from_us = now_us - PLAN.settling_days_us - 10 * DAY_US
    changed = np.where((examples.at_us >= from_us)[:, None], examples.end_us + DAY_US, examples.end_us)
    other = replace(examples, end_us=changed * (examples.end_us > 0))
    said = [
        next(
            one
            for one in contested(some, now_us, None, held_days=10, plan=PLAN).held
            if one.milestone == "final"
        )
        for some in (examples, other)
    ]
    assert np.array_equal(said[0].quantiles, said[1].quantiles)
    assert np.array_equal(said[0].plain, said[1].plain)
    assert (said[1].minutes > said[0].minutes + 1_000).all()
