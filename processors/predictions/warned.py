"""What warnings by breach probability would have been worth on held-out days, at each threshold. Pure.

An interval is known by when it was due and when it ended. A forecast that was made after it was due warns of
nothing. Between the instants that were looked at a warning may have come earlier: leads are the least.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from processors.predictions.backtest import Held
from processors.predictions.department import MINUTE_US
from processors.predictions.exam import PREDICTED
from schemas.forecast_record import LEAD_FROM_MIN, THRESHOLDS, lead_bin

Floats = npt.NDArray[np.float64]
_NEVER = np.inf


def warning_rows(held: Sequence[Held]) -> Iterator[list[Any]]:
    """Rows of schemas.forecast_record.WARNINGS: of all milestones together, then of each."""
    seen = [(one.milestone, *_intervals(one)) for one in held]
    if not any(len(due) for _, due, _, _ in seen):
        return
    parts = [np.concatenate([one[place] for one in seen]) for place in (1, 2, 3)]
    yield from _rows("", parts[0], parts[1], parts[2])
    for milestone, due, is_late, first in seen:
        if len(due):
            yield from _rows(milestone, due, is_late, first)


def _intervals(held: Held) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """When each was due, whether it was late, and when each threshold was passed first, (n, thresholds)."""
    place = PREDICTED.index(held.milestone)
    targeted = held.take(np.isfinite(held.chance))
    at_us = targeted.examples.at_us.astype(np.float64)
    due_us, end_us = targeted.examples.due_us[:, place], targeted.examples.end_us[:, place]
    which, whose = np.unique(np.stack((due_us, end_us), axis=1), axis=0, return_inverse=True)
    in_time = at_us < np.minimum(due_us, end_us)
    first = np.full((len(which), len(THRESHOLDS)), _NEVER)
    for number, threshold in enumerate(THRESHOLDS):
        over = in_time & (targeted.chance >= threshold)
        np.minimum.at(first[:, number], whose.reshape(-1)[over], at_us[over])
    return which[:, 0].astype(np.float64), which[:, 1] > which[:, 0], first


def _rows(
    milestone: str, due_us: Floats, is_late: npt.NDArray[np.bool_], first_us: Floats
) -> Iterator[list[Any]]:
    for number, threshold in enumerate(THRESHOLDS):
        warned = np.isfinite(first_us[:, number])
        lead_min = (due_us - first_us[:, number])[warned & is_late] / MINUTE_US
        bins = [0] * len(LEAD_FROM_MIN)
        for one in lead_min:
            bins[lead_bin(float(one))] += 1
        yield [
            milestone,
            threshold,
            len(due_us),
            int(is_late.sum()),
            int(warned.sum()),
            len(lead_min),
            *_spread(lead_min),
            bins,
        ]


def _spread(lead_min: Floats) -> list[float | None]:
    if not len(lead_min):
        return [None, None, None]
    return [round(float(one), 1) for one in np.quantile(lead_min, (0.1, 0.5, 0.9))]
