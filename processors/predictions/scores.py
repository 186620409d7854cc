"""Scores: how good forecasts were. Pure. Gneiting and Raftery 2007; Brier 1950."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from processors.predictions.quantiles import LEVELS

Floats = npt.NDArray[np.float64]


def pinball(quantiles: Floats, minutes: Floats, levels: tuple[float, ...] = LEVELS) -> Floats:
    """Loss of each quantile, (n, levels) in minutes: what was missed, weighted by its side."""
    missed, level = minutes[:, None] - quantiles, np.array(levels)
    loss: Floats = np.maximum(level * missed, (level - 1) * missed)
    return loss


def coverage(low: Floats, high: Floats, minutes: Floats) -> float:
    """Share of the outcomes from `low` to `high`, both included; NaN of none."""
    inside = (minutes >= low) & (minutes <= high)
    return float(inside.mean()) if len(inside) else float("nan")


def brier(chance: Floats, happened: npt.NDArray[np.bool_]) -> float:
    """Mean squared distance of a probability to what happened: 0 is best, 0.25 is a coin's."""
    return float(np.mean((chance - happened) ** 2)) if len(chance) else float("nan")


class Reliability(NamedTuple):
    """Of forecasts with about the same probability: its mean, how often it happened, how many there are."""

    said: float
    happened: float
    forecasts: int


def reliability(chance: Floats, happened: npt.NDArray[np.bool_], bins: int = 10) -> list[Reliability]:
    """By equal ranges of probability; those that hold nothing are left out."""
    place = np.minimum((chance * bins).astype(np.int64), bins - 1)
    return [
        Reliability(float(chance[held].mean()), float(happened[held].mean()), int(held.sum()))
        for one in range(bins)
        if (held := place == one).any()
    ]


def groups_of(*keys: npt.NDArray[np.str_]) -> Iterable[tuple[tuple[str, ...], npt.NDArray[np.int64]]]:
    """The places of each combination of words, in the order of the words."""
    if not len(keys[0]):
        return
    together = np.stack(keys, axis=1)
    found, place = np.unique(together, axis=0, return_inverse=True)
    place = place.reshape(-1)
    order = np.argsort(place, kind="stable")
    bounds = np.searchsorted(place[order], np.arange(len(found) + 1))
    for number, words in enumerate(found):
        yield tuple(str(word) for word in words), order[bounds[number] : bounds[number + 1]]
