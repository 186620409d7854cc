"""Drift: a department that changes is noticed, said in words, and followed by the calibration meanwhile."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.predictions.backtest import forecast_held
from processors.predictions.drift import Drift, drift_of
from processors.predictions.examples import Examples
from processors.predictions.forecaster import Forecasters
from processors.predictions.profile import profile_of, stability
from processors.predictions.record import scores_of
from processors.predictions.training import DAY_US, recalibrated, trained
from schemas.forecast_features import DRIFTED, STEADY, TOO_FEW
from tests.forecast_examples import PLAN, department

CUT_DAY = 48
SHIFT_DAY = 50  # of `department`
COUNT = 20_000
Learned = tuple[dict[str, Any], list[dict[str, Any]], Forecasters]


@pytest.fixture(scope="module")
def learned() -> Learned:
    """What is kept beside a model, by what was known before anything shifted."""
    examples, cut_us = department(COUNT), CUT_DAY * DAY_US
    forecasters = trained(examples, cut_us, PLAN)
    held = forecast_held(examples, forecasters, cut_us - 14 * DAY_US, cut_us)
    profile = json.loads(json.dumps(profile_of(until(examples, CUT_DAY)), allow_nan=False))
    return profile, [one.to_record() for one in scores_of(held)], forecasters


def until(examples: Examples, day: float) -> Examples:
    return examples.take(examples.at_us < day * DAY_US)


def drift_on(learned: Learned, day: int, slower: float, count: int = COUNT) -> Drift:
    found = drift_of(*learned, until(department(count, slower=slower), day), day * DAY_US, PLAN)
    json.dumps(found.to_record(), allow_nan=False)
    return found


def coverage(learned: Learned, day: int) -> float:
    """Of the forecasts of one day of the slower department, calibrated by what was known when it began."""
    examples = department(4 * COUNT, slower=1.5)
    now = recalibrated(learned[2], until(examples, day), day * DAY_US, PLAN)
    held = forecast_held(examples, now, day * DAY_US, (day + 1) * DAY_US)
    return next(one.coverage_80 or 0.0 for one in scores_of(held) if one.milestone == "final")


def test_a_department_that_goes_on_as_it_was_is_steady(learned: Learned) -> None:
    found = drift_on(learned, 60, slower=1.0)
    assert (found.verdict, found.reasons) == (STEADY, ())
    assert max(found.stability.values()) < 0.1


def test_a_department_that_takes_half_as_long_again_is_said_to_have_drifted_and_why(learned: Learned) -> None:
    assert drift_on(learned, SHIFT_DAY, slower=1.5).verdict == STEADY, "nobody can know it yet"
    found = drift_on(learned, 60, slower=1.5)
    assert found.verdict == DRIFTED
    told = " | ".join(found.reasons)
    assert "takes 50% longer than in the weeks learned from" in told or "takes 49% longer" in told
    assert "the 80 % range held" in told
    assert "the median is off by" in told


def test_the_calibration_follows_it_within_days(learned: Learned) -> None:
    """The two settling days know nothing of it; then each day weighs more in the four weeks."""
    first, later = coverage(learned, SHIFT_DAY + 1), coverage(learned, SHIFT_DAY + 9)
    assert first < 0.65
    assert later > first + 0.1


def test_of_too_little_nothing_is_judged(learned: Learned) -> None:
    found = drift_on(learned, 60, slower=1.5, count=300)
    assert found.verdict == TOO_FEW
    assert found.stability == {}
    assert "none with 200 outcomes" in found.reasons[0]


def test_a_model_of_an_older_radstream_that_kept_no_profile_is_judged_by_its_scores(learned: Learned) -> None:
    _, scores, forecasters = learned
    found = drift_on(({}, scores, forecasters), 60, slower=1.5)
    assert found.verdict == DRIFTED
    assert drift_on(({}, [], forecasters), 60, slower=1.0).verdict == STEADY


def test_another_mix_of_exams_is_a_shift_of_that_feature(learned: Learned) -> None:
    examples = department(COUNT)
    words = examples.words.copy()
    words[examples.at_us > SHIFT_DAY * DAY_US] = "US"
    other = Examples(words, *(getattr(examples, name) for name in Examples.__slots__[1:]))
    found = drift_of(*learned, other, 60 * DAY_US, PLAN)
    assert found.verdict == DRIFTED
    assert any(one.startswith("the modality: not as in the weeks learned from") for one in found.reasons)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=40), st.integers(0, 40))
def test_no_index_is_anything_but_a_number(values: list[float], shown: int) -> None:
    examples = department(max(len(values), 1))
    numbers = np.full_like(examples.numbers, math.nan)
    numbers[: len(values), 0] = values
    odd = Examples(examples.words, numbers, *(getattr(examples, name) for name in Examples.__slots__[2:]))
    profile = json.loads(json.dumps(profile_of(odd), allow_nan=False))
    indices = stability(profile, odd.take(np.arange(len(odd)) < shown))
    assert all(math.isfinite(one) and one >= 0 for one in indices.values())
    assert profile_of(odd.take(np.zeros(len(odd), dtype=np.bool_))) == {}


def test_a_model_that_the_medians_beat_is_said_to_be_no_better_than_none(learned: Learned) -> None:
    """It learned that what waits for few takes longest: the other way round than it is."""
    examples, cut_us = department(COUNT), CUT_DAY * DAY_US
    wrong = trained(replace(examples, numbers=60 - examples.numbers), cut_us, PLAN)
    found = drift_on(({}, [], wrong), 60, slower=1.0)
    assert found.verdict == DRIFTED
    assert any("the medians of the last weeks are better, by" in one for one in found.reasons)
