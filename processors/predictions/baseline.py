"""The baseline: what the exams of the last weeks took, by modality, priority and hour. Pure.

A forecast is worth showing only if it beats this one, which also speaks where there is no model yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from processors.predictions.examples import Examples
from processors.predictions.features import CATEGORIES, FEATURES
from processors.predictions.quantiles import LEVELS
from processors.predictions.scores import groups_of

Floats = npt.NDArray[np.float64]
Words = npt.NDArray[np.str_]
_HOUR = list(FEATURES).index("hour") - len(CATEGORIES)
_MODALITY = CATEGORIES.index("modality")
_LEAST = 20


def keys_of(examples: Examples) -> tuple[Words, Words, Words, Words]:
    """Phase, modality, priority and hour of each example: the widest group first."""
    hours = examples.numbers[:, _HOUR].astype(np.int64)
    return (
        examples.phase.astype(np.str_),
        examples.words[:, _MODALITY],
        examples.priority,
        hours.astype(np.str_),
    )


@dataclass(frozen=True, slots=True)
class Baseline:
    """Quantiles of the remaining minutes by group; a group is a prefix of phase, modality, priority, hour."""

    quantiles: Mapping[tuple[str, ...], Floats]

    def predicted(self, examples: Examples) -> Floats:
        """(n, levels) in minutes, of the narrowest group that is known; NaN where there is none."""
        found = np.full((len(examples), len(LEVELS)), np.nan)
        for group, places in groups_of(*keys_of(examples)):
            found[places] = self._of(group)
        return found

    def _of(self, group: tuple[str, ...]) -> Floats:
        for length in range(len(group), -1, -1):
            quantiles = self.quantiles.get(group[:length])
            if quantiles is not None:
                return quantiles
        return np.full(len(LEVELS), np.nan)


def baseline_of(examples: Examples, milestone: str) -> Baseline:
    """The baseline by what became of `examples`, all of which have reached the milestone."""
    minutes, keys = examples.minutes(milestone), keys_of(examples)
    found: dict[tuple[str, ...], Floats] = {}
    if len(minutes):
        found[()] = np.quantile(minutes, LEVELS)
    for length in range(1, len(keys) + 1):
        for group, places in groups_of(*keys[:length]):
            if len(places) >= _LEAST or length == 1:
                found[group] = np.quantile(minutes[places], LEVELS)
    return Baseline(found)
