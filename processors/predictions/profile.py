"""The profile of the weeks that a model learned from: how features and outcomes were spread. Pure.

It is kept beside the model as JSON, so that later weeks can be held against it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from processors.predictions.exam import PREDICTED
from processors.predictions.examples import Examples
from processors.predictions.features import CATEGORIES, FEATURES

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.str_]
Profile = Mapping[str, Any]
_NUMBERS = tuple(FEATURES)[len(CATEGORIES) :]
_TENTHS = np.arange(0.1, 1.0, 0.1)
_MOST_WORDS = 50
# A share of nothing would make the index infinite.
_LEAST_SHARE = 1e-3


def profile_of(examples: Examples) -> dict[str, Any]:
    """`words` and `numbers` by feature, `outcomes` by milestone; empty where there is no example."""
    if not len(examples):
        return {}
    words = {name: _shares(examples.words[:, place]) for place, name in enumerate(CATEGORIES)}
    numbers = {name: _tenths(examples.numbers[:, place]) for place, name in enumerate(_NUMBERS)}
    outcomes = {}
    for place, name in enumerate(PREDICTED):
        came = examples.take(examples.is_coming[:, place] & (examples.end_us[:, place] > 0))
        if len(came):
            minutes = came.minutes(name)
            outcomes[name] = {"median_min": round(float(np.median(minutes)), 3), "examples": len(came)}
    return {"words": words, "numbers": numbers, "outcomes": outcomes}


def stability(profile: Profile, lately: Examples) -> dict[str, float]:
    """The population stability index of each feature of `profile`: 0 where `lately` is spread as it was.

    Sum over ranges or words of (share now - share then) * ln(share now / share then). Finite, also for none.
    """
    found = {}
    for place, name in enumerate(CATEGORIES):
        if name in profile["words"]:
            found[name] = _word_index(profile["words"][name], lately.words[:, place])
    for place, name in enumerate(_NUMBERS):
        if name in profile["numbers"]:
            then = profile["numbers"][name]
            now = _in_ranges(lately.numbers[:, place], np.array(then["edges"]))
            found[name] = _index(np.array(then["shares"]), now)
    return found


def _shares(words: Words) -> dict[str, float]:
    known, counts = np.unique(words, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:_MOST_WORDS]
    return {str(known[place]): round(float(counts[place] / len(words)), 6) for place in most}


def _tenths(values: Floats) -> dict[str, list[float]]:
    known = values[np.isfinite(values)]
    edges = np.unique(np.quantile(known, _TENTHS)) if len(known) else np.array([])
    shares = _in_ranges(values, edges)
    return {"edges": [float(one) for one in edges], "shares": [round(float(one), 6) for one in shares]}


def _in_ranges(values: Floats, edges: Floats) -> Floats:
    """Shares of those up to each edge, beyond the last, and of those that are not known."""
    known = np.isfinite(values)
    counts = np.bincount(np.searchsorted(edges, values[known], side="left"), minlength=len(edges) + 1)
    shares: Floats = np.append(counts, (~known).sum()) / max(1, len(values))
    return shares


def _word_index(then: Mapping[str, float], words: Words) -> float:
    now = _shares(words)
    named = sorted({*then, *now})
    return _index(
        np.array([then.get(name, 0.0) for name in named]), np.array([now.get(name, 0.0) for name in named])
    )


def _index(then: Floats, now: Floats) -> float:
    then, now = np.maximum(then, _LEAST_SHARE), np.maximum(now, _LEAST_SHARE)
    return round(float(np.sum((now - then) * np.log(now / then))), 4)
