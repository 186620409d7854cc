"""What else could forecast, beside what does: on the examples of benchmarks/predict.py, at one origin.

Each is trained on the same examples, calibrated by the same four weeks, and forecasts the same four weeks
after the origin (of --quick two). Figures end with the milestone's name; peers:

    seven forests   one for each quantile that is said, as it was until three did as well
    47 leaves       the median's trees as large as the others', as they were until smaller ones did as well
    a fifth         three forests, of a fifth of the examples
    log-linear      least squares of log(1 + minutes), with the quantiles of its errors

    pinball_min     mean loss over seven quantiles, calibrated
    cpu_s           processor time of training, all threads
    reasons_us      of saying what moved the forecast of one exam, where 500 are asked at once
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import lightgbm
import numpy as np
import numpy.typing as npt

from benchmarks.harness import Result, options_of, progress, report
from benchmarks.predict_cost import spent_us
from benchmarks.predict_examples import department, department_parser, size_of
from processors.predictions.calibration import calibrated
from processors.predictions.exam import PREDICTED
from processors.predictions.examples import Examples
from processors.predictions.features import CATEGORIES, FEATURES
from processors.predictions.forecaster import groups_judged
from processors.predictions.forest_parameters import parameters_of
from processors.predictions.model import (
    GROWN,
    QuantileModel,
    Vocabulary,
    fitted,
    matrix_of,
    vocabulary_of,
)
from processors.predictions.quantiles import LEVELS, in_order
from processors.predictions.scores import pinball
from processors.predictions.training import DAY_US, TrainingPlan, known_before, thinned

Floats = npt.NDArray[np.float64]
Says = Callable[[Floats], Floats]
"""(n, features) to (n, levels) in minutes."""
Reasons = Callable[[Floats], Sequence[object]]
"""(n, features) to n answers."""


class Trained(NamedTuple):
    """says: Its forecasts. reasons: What moved them, of a family that can tell."""

    says: Says
    reasons: Reasons | None = None


Family = Callable[[Floats, Floats], Trained]
"""Trained by (n, features) and (n) minutes."""
_OURS = "three forests"
_RIDGE = 0.1
_ASKED = 500


def three(matrix: Floats, minutes: Floats) -> Trained:
    """What radstream does."""
    model = fitted(matrix, minutes)
    return Trained(model.predicted, model.reasons)


def seven(matrix: Floats, minutes: Floats) -> Trained:
    """The same trees, for every level."""
    forests = _forests(matrix, minutes, LEVELS)

    def says(asked: Floats) -> Floats:
        said = np.column_stack([np.asarray(forest.predict(asked, num_threads=1)) for forest in forests])
        return in_order(np.expm1(np.maximum(said, 0.0)))

    return Trained(says)


def of_47_leaves(matrix: Floats, minutes: Floats) -> Trained:
    """The median's trees as large as the others'."""
    model = QuantileModel(tuple(_forests(matrix, minutes, GROWN, num_leaves=47)))
    return Trained(model.predicted, model.reasons)


def _forests(
    matrix: Floats, minutes: Floats, levels: Sequence[float], **changed: object
) -> list[lightgbm.Booster]:
    data = lightgbm.Dataset(
        matrix,
        np.log1p(minutes),
        feature_name=list(FEATURES),
        categorical_feature=list(CATEGORIES),
        params=parameters_of(0.5),
        free_raw_data=False,
    )
    rounds = TrainingPlan().rounds
    return [lightgbm.train({**parameters_of(one), **changed}, data, num_boost_round=rounds) for one in levels]


def a_fifth(matrix: Floats, minutes: Floats) -> Trained:
    """Three forests of fewer examples."""
    return three(matrix[::5], minutes[::5])


def log_linear(matrix: Floats, minutes: Floats) -> Trained:
    """Every word, hour, weekday, phase and urgency a column of its own; the others by their logarithms."""
    words = [int(np.nanmax(matrix[:, place], initial=0.0)) + 1 for place in range(len(CATEGORIES))]
    design, wanted = _design(matrix, words), np.log1p(minutes)
    weights = np.linalg.solve(design.T @ design + _RIDGE * np.eye(design.shape[1]), design.T @ wanted)
    missed = np.quantile(wanted - design @ weights, LEVELS)

    def says(asked: Floats) -> Floats:
        said = (_design(asked, words) @ weights)[:, None] + missed
        return in_order(np.expm1(np.maximum(said, 0.0)))

    return Trained(says)


def _design(matrix: Floats, words: list[int]) -> Floats:
    columns = [np.ones(len(matrix))]
    for place, name in enumerate(FEATURES):
        values = matrix[:, place]
        known = np.nan_to_num(values)
        if name in CATEGORIES:
            columns += [values == word for word in range(words[place])]
            continue
        columns += [np.isnan(values), np.sign(known) * np.log1p(np.abs(known))]
        if name in {"hour", "weekday", "phase", "urgency"}:
            columns += [np.floor(known) == value for value in range(24)]
    return np.column_stack(columns).astype(np.float64)


FAMILIES: Mapping[str, Family] = {
    _OURS: three,
    "seven forests": seven,
    "47 leaves": of_47_leaves,
    "a fifth": a_fifth,
    "log-linear": log_linear,
}


def figures(
    examples: Examples, milestone: str, days: float, plan: TrainingPlan
) -> dict[str, dict[str, float]]:
    """By family."""
    place, cut_us = PREDICTED.index(milestone), int(examples.at_us.max() - (days + 2) * DAY_US)
    known = known_before(examples, milestone, cut_us, None, plan)
    before_us = cut_us - (plan.settling_days + plan.calibration_days) * DAY_US
    learned = known.take(thinned(np.flatnonzero(known.at_us < before_us), plan.most_examples))
    lately = known_before(examples, milestone, cut_us, plan.calibration_days, plan)
    held = examples.take(
        examples.is_coming[:, place]
        & (examples.end_us[:, place] > 0)
        & (examples.at_us >= cut_us)
        & (examples.at_us < cut_us + days * DAY_US)
    )
    vocabulary = vocabulary_of(learned.words)
    matrix, minutes = _matrix(learned, vocabulary), learned.minutes(milestone)
    found: dict[str, dict[str, float]] = {}
    for name, family in FAMILIES.items():
        began_s = time.process_time()
        says, reasons = family(matrix, minutes)
        cpu_s = time.process_time() - began_s
        judged = calibrated(
            says(_matrix(lately, vocabulary)), lately.minutes(milestone), *groups_judged(lately)
        )
        asked = _matrix(held, vocabulary)
        said = judged.applied(says(asked), *groups_judged(held))
        loss = float(pinball(said, held.minutes(milestone)).mean())
        found[name] = {f"pinball_min_{milestone}": round(loss, 4), f"cpu_s_{milestone}": round(cpu_s, 1)}
        if reasons is not None:
            found[name][f"reasons_us_{milestone}"] = _reasons_us(reasons, asked[:_ASKED])
        progress(f"  {milestone}: {name} {loss:.3f} min")
    return found


def _reasons_us(reasons: Reasons, asked: Floats) -> float:
    return min(spent_us(lambda: len(reasons(asked))) for _ in range(5))


def _matrix(examples: Examples, vocabulary: Vocabulary) -> Floats:
    return matrix_of(examples.words, examples.numbers, vocabulary)


def main(arguments: list[str] | None = None) -> None:
    """Run and report."""
    parser = department_parser(__doc__)
    given: argparse.Namespace = parser.parse_args(arguments)
    options = options_of(given)
    (years, exams), days = size_of(given), 14.0 if options.quick else 28.0
    examples = department(years, exams, given.kept).examples
    ours: dict[str, float] = {}
    peers: dict[str, dict[str, float]] = {name: {} for name in FAMILIES if name != _OURS}
    for milestone in PREDICTED:
        for name, found in figures(examples, milestone, days, TrainingPlan()).items():
            (ours if name == _OURS else peers[name]).update(found)
    report(Result(benchmark="predict_families", ours=ours, peers=peers), options)


if __name__ == "__main__":
    main(sys.argv[1:])
