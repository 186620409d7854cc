"""Quantiles: how a forecast says what it does not know. Pure.

A forecast of a remaining time is its quantiles at LEVELS, in minutes. Models and calibration work on
log(1 + minutes), where a STAT exam's minutes and a follow-up's weeks have errors of the same size.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
P10, P50, P90 = LEVELS.index(0.1), LEVELS.index(0.5), LEVELS.index(0.9)
# Beyond the outermost quantiles the distance grows as in a logistic tail: doubled odds, equal steps.
_BEYOND = np.array([0.005, 0.995])
# Two quantiles that are no further apart are one: a quotient by less overflows.
_ONE_POINT = 1e-12


def in_order(quantiles: Floats) -> Floats:
    """The same, (n, levels), not crossing: each row sorted (Chernozhukov 2010)."""
    return np.sort(quantiles, axis=1)


def chance_within(quantiles: Floats, minutes: Floats) -> Floats:
    """Probability, 0 to 1, that it takes at most `minutes` (n), by `quantiles` (n, levels) in minutes.

    Between two quantiles it is linear in log time; NaN where one of them is.
    """
    points = _with_tails(np.log1p(np.maximum(quantiles, 0.0)))
    levels = np.concatenate((_BEYOND[:1], LEVELS, _BEYOND[1:]))
    at = np.log1p(np.maximum(minutes, 0.0))
    right = np.clip((points < at[:, None]).sum(axis=1), 1, points.shape[1] - 1)
    rows = np.arange(len(points))
    low, high = points[rows, right - 1], points[rows, right]
    wide = high - low
    share = np.divide(at - low, wide, out=np.ones_like(at), where=wide > _ONE_POINT)
    chance = levels[right - 1] + np.clip(share, 0.0, 1.0) * (levels[right] - levels[right - 1])
    chance = np.where(minutes < 0, 0.0, chance)
    return np.where(np.isnan(points).any(axis=1) | np.isnan(minutes), np.nan, chance)


def _with_tails(points: Floats) -> Floats:
    logits = np.log(np.array(LEVELS) / (1 - np.array(LEVELS)))
    reach = np.log(_BEYOND / (1 - _BEYOND))
    slope_low = (points[:, 1] - points[:, 0]) / (logits[1] - logits[0])
    slope_high = (points[:, -1] - points[:, -2]) / (logits[-1] - logits[-2])
    low = points[:, 0] + slope_low * (reach[0] - logits[0])
    high = points[:, -1] + slope_high * (reach[1] - logits[-1])
    return np.column_stack((np.maximum(low, 0.0), points, high))
