"""Scores of benchmarks/predict.py: figures, goals beside them, groups and reliability as lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from processors.predictions.backtest import Held
from processors.predictions.exam import PREDICTED
from processors.predictions.record import Score
from processors.predictions.scores import Reliability, reliability

_POINTS = 100.0
_LEAST_EXAMS = 200
LEAST_LESS, MOST_MISS, MOST_MISS_OF_A_GROUP, LEAST_PER_S = 15.0, 2.0, 5.0, 500.0
_SPEED = {
    "forecast_us": f"{LEAST_PER_S:g} open exams per second and core",
    "said_us": "the same, were all of it said at once, with reasons",
}
_PROMISED = (("miss", "all", MOST_MISS), ("worst", "groups of 200", MOST_MISS_OF_A_GROUP))
Figures = dict[str, float]


def figures(scores: Sequence[Score]) -> tuple[Figures, Figures]:
    """Ours and the peer's, by figure and milestone."""
    ours: Figures = {}
    peer: Figures = {}
    for score in scores:
        if score.modality is None:
            ours |= _said(score, score.pinball, score.median_error, score.brier)
            peer |= _said(score, score.pinball_baseline, score.median_error_baseline, score.brier_baseline)
            ours |= {f"{name}_{score.milestone}": missed for name, missed in _misses(score).items()}
            continue
        if score.exams < _LEAST_EXAMS:
            continue  # ten forecasts of one exam are wrong together
        for name, missed in _misses(score).items():
            worst = f"{name.replace('miss', 'worst')}_{score.milestone}"
            ours[worst] = max(ours.get(worst, 0.0), missed)
    return ours, peer


def _said(score: Score, loss: float | None, error: float | None, brier: float | None) -> Figures:
    named = {"pinball_min": loss, "median_error_min": error, "brier": brier}
    return {
        f"{name}_{score.milestone}": round(value, 4) for name, value in named.items() if value is not None
    }


def _misses(score: Score) -> Figures:
    """By how many points a share of outcomes within an interval is not what it promises."""
    named = {"miss_80": (score.coverage_80, 0.8), "miss_90": (score.coverage_90, 0.9)}
    return {
        name: round(abs(share - promised) * _POINTS, 2)
        for name, (share, promised) in named.items()
        if share is not None
    }


def goal_lines(ours: Mapping[str, float], peer: Mapping[str, float]) -> Iterator[str]:
    """Each goal of the forecasts, what was found, and whether that is enough."""
    yield f"{'':9}{'found':15}goal"
    for name in PREDICTED:
        if ours.get(f"pinball_min_{name}") is None or not peer.get(f"pinball_min_{name}"):
            continue
        less = (1 - ours[f"pinball_min_{name}"] / peer[f"pinball_min_{name}"]) * _POINTS
        yield _goal(f"{name}: pinball loss {LEAST_LESS:g} % less", f"{less:.1f} %", is_met=less >= LEAST_LESS)
        for what, who, most in _PROMISED:
            missed = [ours.get(f"{what}_{share}_{name}", 0.0) for share in (80, 90)]
            goal = f"{name}: 80 and 90 % of {who}, {most:g} points"
            yield _goal(goal, " and ".join(f"{one:.1f}" for one in missed), is_met=max(missed) <= most)
    for what, goal in _SPEED.items():
        per_s = 1e6 / ours[what]
        yield _goal(goal, f"{per_s:,.0f}", is_met=per_s >= LEAST_PER_S)


def _goal(goal: str, found: str, *, is_met: bool) -> str:
    return f"{'met' if is_met else 'NOT MET':9}{found:15}{goal}"


def group_lines(scores: Sequence[Score]) -> Iterator[str]:
    """By modality and priority: how many, how much less loss, what the intervals held."""
    named = f"{'milestone':14}{'modality':10}{'priority':10}{'exams':>8}{'forecasts':>11}"
    yield f"{named}{'less':>7}{'in 80 %':>9}{'in 90 %':>9}"
    for score in scores:
        if score.modality is None or score.pinball is None or not score.pinball_baseline:
            continue
        less = 1 - score.pinball / score.pinball_baseline
        shares = "".join(f"{share or 0:>9.1%}" for share in (score.coverage_80, score.coverage_90))
        who = f"{score.milestone:14}{score.modality or '-':10}{score.priority or '-':10}"
        yield f"{who}{score.exams:>8,}{score.forecasts:>11,}{less:>7.0%}{shares}"


def reliability_lines(held: Sequence[Held]) -> Iterator[str]:
    """Of forecasts that said about the same chance to miss the target: how often it was missed."""
    named = f"{'said':>7}{'missed':>8}{'forecasts':>11}"
    yield f"{'milestone':14}{named}   {'baseline':>8}{named}"
    for milestone in PREDICTED:
        ours, plain = _bins(held, milestone, is_plain=False), _bins(held, milestone, is_plain=True)
        for place in sorted({*ours, *plain}):
            mine, theirs = _bin(ours.get(place)), _bin(plain.get(place))
            yield f"{milestone:14}{mine}{'':11}{theirs}"


def _bin(found: Reliability | None) -> str:
    if found is None:
        return f"{'':15}{0:>11}"
    return f"{found.said:>7.0%}{found.happened:>8.0%}{found.forecasts:>11,}"


def _bins(held: Sequence[Held], milestone: str, *, is_plain: bool) -> dict[int, Reliability]:
    """By the tenth that was said."""
    parts = [one for one in held if one.milestone == milestone]
    chance = np.concatenate([one.plain_chance if is_plain else one.chance for one in parts])
    late = np.concatenate([one.is_late for one in parts])
    both = np.concatenate([np.isfinite(one.chance) & np.isfinite(one.plain_chance) for one in parts])
    found = reliability(chance[both], late[both])
    return {min(9, int(one.said * 10)): one for one in found}
