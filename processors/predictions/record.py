"""The track record: scores of forecasts against the baseline, over all and by group. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

from processors.predictions.backtest import Held
from processors.predictions.exam import PREDICTED
from processors.predictions.features import CATEGORIES
from processors.predictions.quantiles import LEVELS, P50
from processors.predictions.scores import brier, coverage, groups_of, pinball

Floats = npt.NDArray[np.float64]
LEAST = 200
"""Forecasts that a group needs for its coverage to be judged by itself."""
_MODALITY = CATEGORIES.index("modality")
_EDGES = {0.8: (LEVELS.index(0.1), LEVELS.index(0.9)), 0.9: (LEVELS.index(0.05), LEVELS.index(0.95))}


@dataclass(frozen=True, slots=True)
class Score:
    """How good the forecasts of one milestone were; losses in minutes, shares from 0 to 1, None of nothing.

    modality, priority: of which exams, None for all. exams: how many were forecast, each of them some times;
    they are told apart by when they came to the milestone. *_baseline: the rolling median's and quantiles'.
    """

    milestone: str
    modality: str | None
    priority: str | None
    forecasts: int
    exams: int
    pinball: float | None
    pinball_baseline: float | None
    median_error: float | None
    median_error_baseline: float | None
    coverage_80: float | None
    coverage_90: float | None
    judged_breaches: int
    brier: float | None
    brier_baseline: float | None

    def to_record(self) -> dict[str, object]:
        """As JSON has it."""
        return asdict(self)


def scores_of(held: Sequence[Held]) -> Iterator[Score]:
    """Of each milestone over all exams, then by modality and priority where there are enough."""
    for milestone in dict.fromkeys(one.milestone for one in held):
        whole = _together([one for one in held if one.milestone == milestone])
        yield whole.score(milestone, None, None, np.arange(len(whole.minutes)))
        for (modality, priority), places in groups_of(whole.modality, whole.priority):
            if len(places) >= LEAST:
                yield whole.score(milestone, modality, priority, places)


@dataclass(frozen=True, slots=True)
class _Together:
    modality: npt.NDArray[np.str_]
    priority: npt.NDArray[np.str_]
    quantiles: Floats
    plain: Floats
    minutes: Floats
    end_us: npt.NDArray[np.int64]
    chance: Floats
    plain_chance: Floats
    is_late: npt.NDArray[np.bool_]

    def score(
        self, milestone: str, modality: str | None, priority: str | None, places: npt.NDArray[np.int64]
    ) -> Score:
        """Only what both could say something of is compared."""
        said = places[np.isfinite(self.quantiles[places]).all(1) & np.isfinite(self.plain[places]).all(1)]
        quantiles, plain, minutes = self.quantiles[said], self.plain[said], self.minutes[said]
        ours, theirs = pinball(quantiles, minutes), pinball(plain, minutes)
        judged = said[np.isfinite(self.chance[said]) & np.isfinite(self.plain_chance[said])]
        inside = {
            share: coverage(quantiles[:, low], quantiles[:, high], minutes)
            for share, (low, high) in _EDGES.items()
        }
        return Score(
            milestone,
            modality,
            priority,
            len(said),
            len(np.unique(self.end_us[said])),
            _mean(ours),
            _mean(theirs),
            _mean(2 * ours[:, P50]),
            _mean(2 * theirs[:, P50]),
            _finite(inside[0.8]),
            _finite(inside[0.9]),
            len(judged),
            _finite(brier(self.chance[judged], self.is_late[judged])),
            _finite(brier(self.plain_chance[judged], self.is_late[judged])),
        )


def _together(held: Iterable[Held]) -> _Together:
    parts = list(held)
    return _Together(
        np.concatenate([one.examples.words[:, _MODALITY] for one in parts]),
        np.concatenate([one.examples.priority for one in parts]),
        np.concatenate([one.quantiles for one in parts]),
        np.concatenate([one.plain for one in parts]),
        np.concatenate([one.minutes for one in parts]),
        np.concatenate([one.examples.end_us[:, PREDICTED.index(one.milestone)] for one in parts]),
        np.concatenate([one.chance for one in parts]),
        np.concatenate([one.plain_chance for one in parts]),
        np.concatenate([one.is_late for one in parts]),
    )


def _mean(values: Floats) -> float | None:
    return _finite(float(values.mean())) if values.size else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
