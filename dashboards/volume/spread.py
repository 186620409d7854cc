"""Ranges of counts from how far counts were from what was expected of them. Pure.

A count's error grows with the root of what is expected: on the scale of roots (Anscombe 1948) a busy and a
quiet hour err alike, so the errors of past hours are those to come. No other law of chance is assumed.
"""

from __future__ import annotations

import math

import numpy as np

from dashboards.volume.hours import Floats

LEVELS = (0.1, 0.5, 0.9)
# Anscombe's shift: with it even small counts have nearly the same spread.
_SHIFT = 0.375
_MOST_ERRORS = 400
_FEW_ERRORS = 20
# Of the normal law; variances of roots: of chance alone (Poisson), and of a mean that is off by a fifth.
_P90, _BY_CHANCE, _BY_DOUBT = 1.2816, 0.25, 0.01
LEAST_EXPECTED = 0.01


def errors(counted: Floats, expected: Floats) -> Floats:
    """How far each count was off, on the scale of roots; NaN where either is NaN."""
    return np.sqrt(counted + _SHIFT) - np.sqrt(np.maximum(expected, LEAST_EXPECTED) + _SHIFT)


def ranges(expected: Floats, past_expected: Floats, past_errors: Floats) -> Floats:
    """(levels, n): whole exams at LEVELS for `expected` (n), by the errors of hours that were expected alike.

    Never negative, never crossing. The levels are widened for how few errors there are (split conformal).
    """
    is_known = ~np.isnan(past_errors)
    levels_of_past, known = np.log(past_expected[is_known] + _SHIFT), past_errors[is_known]
    found = np.empty((len(LEVELS), len(expected)))
    for place, mean in enumerate(np.maximum(expected, LEAST_EXPECTED)):
        near = known
        if len(known) > _MOST_ERRORS:
            distance = np.abs(levels_of_past - np.log(mean + _SHIFT))
            near = known[np.argpartition(distance, _MOST_ERRORS)[:_MOST_ERRORS]]
        found[:, place] = np.sqrt(mean + _SHIFT) + _quantiles(near, float(mean))
    return np.rint(np.maximum(np.maximum(found, 0.0) ** 2 - _SHIFT, 0.0))


def _quantiles(known: Floats, mean: float) -> Floats:
    """Of the errors at LEVELS; of few, at least as wide as chance and a wrong mean would make them."""
    few = len(known) / (len(known) + 1)
    wider = [0.5 + (level - 0.5) / max(few, 0.5) for level in LEVELS]
    if len(known) >= _FEW_ERRORS:
        return np.asarray(np.quantile(known, np.clip(wider, 0.0, 1.0)))
    by_chance = _P90 * math.sqrt(_BY_CHANCE + _BY_DOUBT * mean) * np.array([-1.0, 0.0, 1.0])
    if not len(known):
        return by_chance
    found = np.quantile(known, np.clip(wider, 0.0, 1.0))
    return np.array([min(found[0], by_chance[0]), found[1], max(found[-1], by_chance[-1])])
