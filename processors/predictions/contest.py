"""Contest: a new model has to beat the one in use on weeks that it did not learn from. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from processors.predictions.backtest import Held, forecast_held
from processors.predictions.examples import Examples
from processors.predictions.forecaster import Forecasters
from processors.predictions.record import Score, scores_of
from processors.predictions.training import DAY_US, DEFAULT_PLAN, TrainingPlan, recalibrated, trained

# By less than half a percent a model may be better by the draw alone.
_BETTER = 0.995


@dataclass(frozen=True, slots=True)
class Contest:
    """A new model, how it did on the held-out days, and how the one in use did, where there is one.

    forecasters: calibrated by all that is known. why: what decided, in words. held: what the new model said
    of those days, beside what came.
    """

    forecasters: Forecasters
    scores: Sequence[Score]
    scores_in_use: Sequence[Score]
    is_won: bool
    why: str
    held: Sequence[Held]


def contested(
    examples: Examples,
    now_us: int,
    in_use: Forecasters | None,
    *,
    held_days: float = 14.0,
    plan: TrainingPlan = DEFAULT_PLAN,
    on_level: Callable[[str, float], None] = lambda *_: None,
    on_scored: Callable[[int, int], None] = lambda *_: None,
) -> Contest:
    """Train by what was known before the held-out days, which end with the settling days; score on them.

    `on_level` is told of each forest; `on_scored` how much of the scoring is done, and of how much.
    """
    until_us = now_us - plan.settling_days_us
    cut_us = until_us - int(held_days * DAY_US)
    new = trained(examples, cut_us, plan, on_level)
    held = forecast_held(examples, new, cut_us, until_us)
    scores = _scores(held)
    on_scored(1, 3)
    rivals: Sequence[Score] = ()
    if in_use is not None:
        then = recalibrated(in_use, examples, cut_us, plan)
        rivals = _scores(forecast_held(examples, then, cut_us, until_us))
    on_scored(2, 3)
    is_won, why = _judged(new, scores, rivals)
    calibrated_now = recalibrated(new, examples, now_us, plan)
    on_scored(3, 3)
    return Contest(calibrated_now, scores, rivals, is_won, why, held)


def _scores(held: Sequence[Held]) -> Sequence[Score]:
    return tuple(scores_of(held))


def _judged(new: Forecasters, scores: Sequence[Score], rivals: Sequence[Score]) -> tuple[bool, str]:
    if all(one.model is None for one in new.values()):
        return False, "there are too few examples of every milestone, so the rolling median goes on to speak"
    who = "the model in use" if rivals else "the rolling median, no model being in use"
    ratio = _loss_ratio(scores, _losses(rivals) if rivals else _losses_of_the_median(scores))
    if ratio is None:
        return False, "there was nothing to compare on the held-out days"
    return ratio < _BETTER, f"pinball loss {ratio:.3f} times that of {who}, on the held-out days"


def _losses(rivals: Sequence[Score]) -> Mapping[str, float | None]:
    return {score.milestone: score.pinball for score in rivals if score.modality is None}


def _losses_of_the_median(scores: Sequence[Score]) -> Mapping[str, float | None]:
    return {score.milestone: score.pinball_baseline for score in scores if score.modality is None}


def _loss_ratio(scores: Sequence[Score], theirs: Mapping[str, float | None]) -> float | None:
    """The mean over milestones of our loss by theirs, so that none counts for its length."""
    ratios = [
        score.pinball / rival
        for score in scores
        if score.modality is None and score.pinball is not None and (rival := theirs.get(score.milestone))
    ]
    return sum(ratios) / len(ratios) if ratios else None
