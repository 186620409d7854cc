"""Training: models from what was known at an instant, calibrated on the weeks before it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from processors.predictions.baseline import baseline_of
from processors.predictions.calibration import Calibration, calibrated
from processors.predictions.department import MINUTE_US
from processors.predictions.exam import PREDICTED
from processors.predictions.examples import Examples
from processors.predictions.forecaster import Forecasters, MilestoneForecaster, groups_judged
from processors.predictions.model import fitted, vocabulary_of

DAY_US = 24 * 60 * MINUTE_US


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """What is learned from.

    calibration_days: the last ones, which are not learned from. settling_days: before the cut, whose outcomes
    are not all known yet: what took long is missing among them, so none of them counts.
    """

    calibration_days: float = 28.0
    settling_days: float = 2.0
    baseline_days: float = 28.0
    least_examples: int = 2_000
    most_examples: int = 250_000
    rounds: int = 100
    threads: int = 0

    @property
    def settling_days_us(self) -> int:
        """The settling days in microseconds."""
        return int(self.settling_days * DAY_US)


DEFAULT_PLAN = TrainingPlan()


def trained(
    examples: Examples,
    cut_us: int,
    plan: TrainingPlan = DEFAULT_PLAN,
    on_level: Callable[[str, float], None] = lambda *_: None,
) -> Forecasters:
    """Forecasters by what was known at `cut_us`; `on_level` is told of each forest that is done."""
    return {name: _trained_for(examples, name, cut_us, plan, on_level) for name in PREDICTED}


def baselines(
    examples: Examples,
    cut_us: int,
    plan: TrainingPlan = DEFAULT_PLAN,
    why: str = "no model was trained yet",
) -> Forecasters:
    """Without any model: what the exams of the last weeks took. `why`: there is none."""
    return {
        name: MilestoneForecaster(
            baseline_of(known_before(examples, name, cut_us, plan.baseline_days, plan), name),
            why=why,
        )
        for name in PREDICTED
    }


def recalibrated(
    forecasters: Forecasters, examples: Examples, cut_us: int, plan: TrainingPlan = DEFAULT_PLAN
) -> Forecasters:
    """The same models, with the calibration and the baseline of a later instant."""
    return {
        name: replace(
            one,
            baseline=baseline_of(known_before(examples, name, cut_us, plan.baseline_days, plan), name),
            calibration=_calibration(one, examples, name, cut_us, plan),
        )
        for name, one in forecasters.items()
    }


def known_before(
    examples: Examples, milestone: str, cut_us: int, days: float | None, plan: TrainingPlan
) -> Examples:
    """Those of the last `days` before the settling days, whose outcome was known at `cut_us`."""
    return examples.take(_known(examples, milestone, cut_us, days, plan))


def _known(
    examples: Examples, milestone: str, cut_us: int, days: float | None, plan: TrainingPlan
) -> npt.NDArray[np.bool_]:
    place = PREDICTED.index(milestone)
    until_us = cut_us - plan.settling_days * DAY_US
    chosen = examples.is_coming[:, place] & (examples.at_us < until_us)
    chosen &= (examples.known_us[:, place] > 0) & (examples.known_us[:, place] <= cut_us)
    if days is not None:
        chosen &= examples.at_us >= until_us - days * DAY_US
    return chosen


def _trained_for(
    examples: Examples,
    milestone: str,
    cut_us: int,
    plan: TrainingPlan,
    on_level: Callable[[str, float], None],
) -> MilestoneForecaster:
    baseline = baseline_of(known_before(examples, milestone, cut_us, plan.baseline_days, plan), milestone)
    until_us = cut_us - (plan.settling_days + plan.calibration_days) * DAY_US
    known = _known(examples, milestone, cut_us, None, plan) & (examples.at_us < until_us)
    learned = examples.take(thinned(np.flatnonzero(known), plan.most_examples))
    if len(learned) < plan.least_examples:
        why = f"{len(learned)} examples before the calibration weeks, {plan.least_examples} are needed"
        return MilestoneForecaster(baseline, why=why)
    unready = MilestoneForecaster(baseline, vocabulary=vocabulary_of(learned.words))
    model = fitted(
        unready.matrix(learned),
        learned.minutes(milestone),
        plan.rounds,
        plan.threads,
        lambda level: on_level(milestone, level),
    )
    uncalibrated = replace(unready, model=model)
    return replace(uncalibrated, calibration=_calibration(uncalibrated, examples, milestone, cut_us, plan))


def _calibration(
    forecaster: MilestoneForecaster, examples: Examples, milestone: str, cut_us: int, plan: TrainingPlan
) -> Calibration:
    lately = known_before(examples, milestone, cut_us, plan.calibration_days, plan)
    if forecaster.model is None or not len(lately):
        return Calibration()
    return calibrated(forecaster.raw(lately), lately.minutes(milestone), *groups_judged(lately))


def thinned(places: npt.NDArray[np.int64], most: int) -> npt.NDArray[np.int64]:
    """At most `most`, evenly over time: what is left out is left out everywhere."""
    if len(places) <= most:
        return places
    return places[np.linspace(0, len(places) - 1, most).astype(np.int64)]
