"""Examples of a department whose reading slows down the more is unread, drawn by a seed."""

from __future__ import annotations

from datetime import UTC

import numpy as np

from processors.alerts.targets import Version, content_hash
from processors.predictions.desk import ForecastDesk
from processors.predictions.exam import PREDICTED
from processors.predictions.examples import Examples
from processors.predictions.features import CATEGORIES, FEATURES
from processors.predictions.training import DAY_US, TrainingPlan
from schemas.parts import Target

_NAMES = list(FEATURES)[len(CATEGORIES) :]
_MINUTE_US = 60_000_000
FINAL = PREDICTED.index("final")
PLAN = TrainingPlan(least_examples=500, rounds=40, threads=1)


def department(count: int = 6_000, seed: int = 1, slower: float = 1.0) -> Examples:
    """Sixty days, in which reading takes longer the more is unread, and is `slower` in the last ten."""
    draws = np.random.default_rng(seed)
    at_us = np.sort(draws.integers(0, 60 * DAY_US, count))
    modality = draws.choice(["CT", "MR", "CR"], count)
    numbers = np.full((count, len(_NAMES)), np.nan)
    numbers[:, _NAMES.index("hour")] = (at_us // (60 * _MINUTE_US)) % 24
    numbers[:, _NAMES.index("unread")] = unread = draws.integers(0, 60, count)
    minutes = (5 + 2 * unread) * draws.lognormal(0, 0.4, count) * np.where(modality == "MR", 2, 1)
    minutes = np.where(at_us > 50 * DAY_US, slower, 1.0) * minutes
    words = np.full((count, len(CATEGORIES)), "", dtype="<U8")
    words[:, CATEGORIES.index("modality")] = modality
    end_us = np.zeros((count, len(PREDICTED)), dtype=np.int64)
    end_us[:, FINAL] = at_us + (minutes * _MINUTE_US).astype(np.int64)
    is_coming = np.zeros((count, len(PREDICTED)), dtype=np.bool_)
    is_coming[:, FINAL] = True
    due_us = np.zeros((count, len(PREDICTED)), dtype=np.int64)
    due_us[:, FINAL] = at_us + 60 * _MINUTE_US
    priority = draws.choice(["STAT", "ROUTINE"], count, p=[0.1, 0.9])
    phase = np.full(count, 3, dtype=np.int64)
    return Examples(words, numbers, at_us, phase, priority, is_coming, end_us, end_us.copy(), due_us)


def desk_judging_by(*targets: Target) -> ForecastDesk:
    """A desk that knows no exam; `targets` have been in force for ever."""
    desk = ForecastDesk(UTC)
    desk.versions.add(Version(0, "first", content_hash(targets), targets))
    return desk
