"""Drift: whether the last week is still like the weeks that a model learned from, in words. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from processors.predictions.backtest import forecast_held
from processors.predictions.exam import PREDICTED
from processors.predictions.examples import Examples
from processors.predictions.forecaster import Forecasters
from processors.predictions.profile import Profile, stability
from processors.predictions.record import Score, scores_of
from processors.predictions.training import DAY_US, DEFAULT_PLAN, TrainingPlan, recalibrated
from schemas.forecast_features import DRIFTED, FEATURES, STEADY, TOO_FEW
from schemas.intervals import MILESTONES

WEEK_DAYS = 7.0
LEAST = 200
"""Outcomes of a milestone, or instants, below which nothing is judged."""
SHIFTED = 0.25
"""Population stability index from which on a feature is spread otherwise: the usual bound of a shift."""
SLOWER, FASTER = 1.25, 0.8
"""Median duration now by that of then: beyond these it is another department."""
WORSE = 1.25
"""Error of the median now by that on the held-out days."""
OFF_POINTS = 0.05
"""How far the 80 % range may be off, besides what so few outcomes are off by chance (three errors)."""
_NOMINAL = 0.8


@dataclass(frozen=True, slots=True)
class Drift:
    """What was found at an instant.

    verdict: steady, drifted or too few to judge; reasons: sentences. milestones: by name what is compared.
    stability: of each feature its index; instants: how many of the last week were looked at.
    """

    verdict: str
    reasons: Sequence[str]
    instants: int
    milestones: Mapping[str, Mapping[str, Any]]
    stability: Mapping[str, float]

    def to_record(self) -> dict[str, Any]:
        """As JSON has it: no number in it is not finite."""
        return asdict(self)


def drift_of(  # noqa: PLR0917 - what is compared
    profile: Profile,
    scores: Sequence[Mapping[str, Any]],
    forecasters: Forecasters,
    examples: Examples,
    now_us: int,
    plan: TrainingPlan = DEFAULT_PLAN,
) -> Drift:
    """Of the week before the settling days. `scores`: at training, as records; what is missing is left out.

    The forecasts that are judged are those of then: calibrated by what was known when that week began.
    """
    until_us = now_us - plan.settling_days_us
    from_us = until_us - int(WEEK_DAYS * DAY_US)
    lately = examples.take((examples.at_us >= from_us) & (examples.at_us < until_us))
    then = recalibrated(forecasters, examples, from_us, plan)
    live = {
        one.milestone: one
        for one in scores_of(forecast_held(examples, then, from_us, until_us))
        if one.modality is None
    }
    trained = {one["milestone"]: one for one in scores if one["modality"] is None}
    outcomes = profile.get("outcomes", {})
    milestones = {
        name: _compared(live[name], trained.get(name, {}), outcomes.get(name, {}), _median(lately, name))
        for name in PREDICTED
        if name in live and forecasters[name].model is not None
    }
    indices = stability(profile, lately) if profile and len(lately) >= LEAST else {}
    judged = {name: one for name, one in milestones.items() if one["outcomes"] >= LEAST}
    reasons = [why for name, one in judged.items() for why in _reasons(name, one)] + list(_shifted(indices))
    verdict = DRIFTED if reasons else STEADY if judged else TOO_FEW
    if verdict == TOO_FEW:
        reasons = [f"{len(lately)} instants of the last week, none with {LEAST} outcomes of a milestone"]
    return Drift(verdict, tuple(reasons), len(lately), milestones, indices)


def _median(lately: Examples, milestone: str) -> float | None:
    place = PREDICTED.index(milestone)
    came = lately.take(lately.is_coming[:, place] & (lately.end_us[:, place] > 0))
    return float(np.median(came.minutes(milestone))) if len(came) else None


def _compared(
    live: Score, trained: Mapping[str, Any], outcome: Mapping[str, Any], median_min: float | None
) -> dict[str, Any]:
    return {
        "outcomes": live.forecasts,
        "median_min": median_min,
        "median_min_learned": outcome.get("median_min"),
        "median_error": live.median_error,
        "median_error_trained": trained.get("median_error"),
        "pinball": live.pinball,
        "pinball_baseline": live.pinball_baseline,
        "coverage_80": live.coverage_80,
        "coverage_80_trained": trained.get("coverage_80"),
    }


def _reasons(name: str, one: Mapping[str, Any]) -> Iterator[str]:
    label = MILESTONES[name].label if name in MILESTONES else name
    longer = _ratio(one["median_min"], one["median_min_learned"])
    if longer is not None and not FASTER < longer < SLOWER:
        way = "longer" if longer > 1 else "less long"
        yield f"{label}: takes {abs(longer - 1):.0%} {way} than in the weeks learned from"
    held, count = one["coverage_80"], one["outcomes"]
    by_chance = 3 * math.sqrt(_NOMINAL * (1 - _NOMINAL) / count)
    if held is not None and abs(held - _NOMINAL) > OFF_POINTS + by_chance:
        yield f"{label}: the 80 % range held {held:.0%} of {count}"
    worse = _ratio(one["median_error"], one["median_error_trained"])
    if worse is not None and worse > WORSE:
        yield f"{label}: the median is off by {worse - 1:.0%} more than on the held-out days"
    lost = _ratio(one["pinball"], one["pinball_baseline"])
    if lost is not None and lost > 1:
        yield f"{label}: the medians of the last weeks are better, by {lost - 1:.0%} of pinball loss"


def _shifted(indices: Mapping[str, float]) -> Iterator[str]:
    for name, index in sorted(indices.items(), key=lambda one: -one[1]):
        if index >= SHIFTED:
            told = FEATURES.get(name, name)
            yield f"{told}: not as in the weeks learned from (stability index {index:.2f})"


def _ratio(now: float | None, then: float | None) -> float | None:
    return None if now is None or not then else now / then
