"""Ranges of counts from how far counts were from what was expected of them. Pure.

A count's error grows with the root of what is expected: on the scale of roots (Anscombe 1948) a busy and a
quiet hour err alike, so the errors of past hours are those to come. No other law of chance is assumed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

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


def pinball(came: Floats, found: Floats) -> Floats:
    """(…): the loss of `found` (levels, …), mean over LEVELS, where `came` (…) came; in exams."""
    losses = [
        np.maximum(level * (came - one), (level - 1) * (came - one))
        for level, one in zip(LEVELS, found, strict=True)
    ]
    return np.asarray(np.mean(losses, axis=0))


def ranges(expected: Floats, past_expected: Floats, past_errors: Floats) -> Floats:
    """(levels, …, m): whole exams at LEVELS for `expected` (…, m), by errors (…, n) of hours expected alike.

    Never negative, never crossing. The levels are widened for how few errors there are (split conformal).
    """
    found = np.empty((len(LEVELS), *expected.shape))
    for place in np.ndindex(*expected.shape[:-1]):
        means = np.maximum(expected[place], LEAST_EXPECTED)
        spread = _spread(means, past_expected[place], past_errors[place])
        found[(slice(None), *place)] = np.sqrt(means + _SHIFT) + spread
    return np.asarray(np.rint(np.maximum(np.maximum(found, 0.0) ** 2 - _SHIFT, 0.0)))


def _spread(means: Floats, past_expected: Floats, past_errors: Floats) -> Floats:
    """(levels, m): of the errors of those hours that were expected most alike."""
    is_known = ~np.isnan(past_errors)
    known = past_errors[is_known]
    if len(known) <= _MOST_ERRORS:
        return np.stack([_quantiles(known, float(mean)) for mean in means], axis=-1)
    levels_of_past = np.log(past_expected[is_known] + _SHIFT)
    order = levels_of_past.argsort()
    in_order = levels_of_past[order]
    # The nearest are a stretch of those in order: it begins where what comes in is nearer than what goes out.
    edges = in_order[:-_MOST_ERRORS] + in_order[_MOST_ERRORS:]
    begins = np.searchsorted(edges, 2 * np.log(means + _SHIFT))
    near = np.sort(known[order[begins[:, None] + np.arange(_MOST_ERRORS)]], axis=-1)
    at = _widened(_MOST_ERRORS) * (_MOST_ERRORS - 1)
    before = np.floor(at).astype(np.int64)
    after = np.minimum(before + 1, _MOST_ERRORS - 1)
    return np.asarray((near[:, before] + (near[:, after] - near[:, before]) * (at - before)).T)


def _quantiles(known: Floats, mean: float) -> Floats:
    """Of the errors at LEVELS; of few, at least as wide as chance and a wrong mean would make them."""
    wider = _widened(len(known))
    if len(known) >= _FEW_ERRORS:
        return np.asarray(np.quantile(known, wider))
    by_chance = _P90 * math.sqrt(_BY_CHANCE + _BY_DOUBT * mean) * np.array([-1.0, 0.0, 1.0])
    if not len(known):
        return by_chance
    found = np.quantile(known, wider)
    return np.array([min(found[0], by_chance[0]), found[1], max(found[-1], by_chance[-1])])


@dataclass(frozen=True, slots=True)
class Misses:
    """How far off sums of many hours were: what was `expected` (…, n), and the `errors` of it (…, n).

    What is usual is itself off by a share, for all hours of a day alike: so the variance of errors on the
    scale of roots is that of chance, and something that grows with what is expected. How fast, they say.
    """

    expected: Floats
    errors: Floats

    def ranges(self, expected: Floats) -> Floats:
        """(levels, …): whole exams at LEVELS for `expected` (…); never negative, never crossing."""
        known = self.errors.shape[-1]
        past = np.maximum(self.expected, LEAST_EXPECTED)
        doubt = self._doubt(past)
        found = np.array([-_P90, 0.0, _P90]).reshape(-1, *[1] * doubt.ndim) + np.zeros_like(doubt)
        if known:
            scaled = self.errors / np.sqrt(_BY_CHANCE + doubt[..., None] * past)
            low, middle, high = np.quantile(scaled, _widened(known), axis=-1)
            if known < _FEW_ERRORS:
                low, high = np.minimum(low, found[0]), np.maximum(high, found[-1])
            found = np.stack((low, middle, high))
        mean = np.maximum(expected, LEAST_EXPECTED)
        roots = np.sqrt(mean + _SHIFT) + found * np.sqrt(_BY_CHANCE + doubt * mean)
        return np.asarray(np.rint(np.maximum(np.maximum(roots, 0.0) ** 2 - _SHIFT, 0.0)))

    def _doubt(self, past: Floats) -> Floats:
        """(…): the variance beyond chance by what is expected; of few errors, at least of a wrong mean."""
        beyond = ((self.errors**2 - _BY_CHANCE) * past).sum(axis=-1)
        found: Floats = beyond / np.maximum((past**2).sum(axis=-1), LEAST_EXPECTED)
        return np.maximum(found, 0.0 if self.errors.shape[-1] >= _FEW_ERRORS else _BY_DOUBT)


def _widened(known: int) -> Floats:
    """LEVELS, wider for how few errors are `known` (split conformal)."""
    few = max(known / (known + 1), 0.5)
    return np.clip([0.5 + (level - 0.5) / few for level in LEVELS], 0.0, 1.0)
