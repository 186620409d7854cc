"""Scores as lines of a table. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def score_lines(scores: Sequence[Mapping[str, Any]], *, by_group: bool = False) -> list[dict[str, Any]]:
    """Of each milestone what matters, beside the baseline; `by_group`: by modality and priority instead."""
    return [
        {
            "milestone": score["milestone"],
            **({"modality": score["modality"], "priority": score["priority"]} if by_group else {}),
            "forecasts": score["forecasts"],
            "pinball": _rounded(score["pinball"]),
            "baseline": _rounded(score["pinball_baseline"]),
            "less": _less(score["pinball"], score["pinball_baseline"]),
            "in 80 %": _percent(score["coverage_80"]),
            "in 90 %": _percent(score["coverage_90"]),
            "Brier": _rounded(score["brier"], 4),
            "Brier baseline": _rounded(score["brier_baseline"], 4),
        }
        for score in scores
        if (score["modality"] is not None) is by_group
    ]


def _rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"


def _less(ours: float | None, theirs: float | None) -> str | None:
    return None if ours is None or not theirs else f"{1 - ours / theirs:.0%}"
