"""When a queue clears, by its paths. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboards.backlog.paths import Paths
from dashboards.volume.hours import Floats

LEVELS = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Clearing:
    """hours: At LEVELS, hours from now until the queue has cleared; None: not within those looked at.

    chance: Probability, 0 to 1, that it clears within them. is_clear: Nothing stands in line now.
    """

    hours: tuple[float | None, ...]
    chance: float
    is_clear: bool


def clearing(now: int, few_now: float, paths: Paths) -> Clearing:
    """`now` wait; up to `few_now` are no backlog."""
    if now <= few_now:
        return Clearing((0.0,) * len(LEVELS), 1.0, is_clear=True)
    after = _after_h(now, paths)
    hours = np.quantile(after, LEVELS, method="higher")
    told = tuple(float(one) if np.isfinite(one) else None for one in hours)
    return Clearing(told, float(np.isfinite(after).mean()), is_clear=False)


def _after_h(now: int, paths: Paths) -> Floats:
    """Hours until each path is down to few; infinite where it never is."""
    few = paths.few
    is_few = paths.waiting <= few
    first = is_few.argmax(axis=1)
    rows = np.arange(len(first))
    before = np.where(first > 0, paths.waiting[rows, first - 1], now)
    after = paths.waiting[rows, first]
    fell = np.maximum(before - after, 1e-9)
    within = np.clip((before - few[first]) / fell, 0.0, 1.0)
    begins_h = np.concatenate((np.zeros(1), paths.ends_h[:-1]))[first]
    return np.where(is_few.any(axis=1), begins_h + within * (paths.ends_h[first] - begins_h), np.inf)


def fan(paths: Paths) -> Floats:
    """(levels, hour): how many wait as each hour ends."""
    return np.asarray(np.quantile(paths.waiting, LEVELS, axis=0, method="inverted_cdf"))
