"""What became of held-out forecasts, counted by day and by tenth of probability. Pure.

All of it can be summed. It is kept beside a model, and shown on the page of forecasts beside the live ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, tzinfo
from typing import Any

import numpy as np
import numpy.typing as npt

from processors.predictions.backtest import Held
from processors.predictions.features import CATEGORIES
from processors.predictions.quantiles import LEVELS, P10, P50, P90
from processors.predictions.scores import groups_of, pinball
from processors.predictions.warned import warning_rows
from schemas.forecast_record import DAYS, PRIORITY_UNSAID, TENTHS, WARNINGS

Row = list[Any]
Words = npt.NDArray[np.str_]
_MODALITY = CATEGORIES.index("modality")
_P05, _P95 = LEVELS.index(0.05), LEVELS.index(0.95)
_MICROSECONDS = 1_000_000
_DIGITS = 4
_QUARTER_S = 900


def judged(held: Sequence[Held], zone: tzinfo) -> dict[str, Any]:
    """Each list of schemas.forecast_record: its columns and its rows. Days are those of `zone`."""
    known = [_said(one) for one in held]
    return {
        "days": {"columns": list(DAYS), "rows": [row for one in known for row in _days(one, zone)]},
        "tenths": {"columns": list(TENTHS), "rows": [row for one in known for row in _tenths(one)]},
        "warnings": {"columns": list(WARNINGS), "rows": list(warning_rows(known))},
    }


def _said(held: Held) -> Held:
    """Without those of which nothing could be said."""
    both = np.concatenate((held.quantiles, held.plain), axis=1)
    return held.take(np.asarray(np.isfinite(both).all(axis=1)))


def _days(held: Held, zone: tzinfo) -> Iterator[Row]:
    inside_80 = _inside(held, P10, P90)
    inside_90 = _inside(held, _P05, _P95)
    ours, theirs = pinball(held.quantiles, held.minutes), pinball(held.plain, held.minutes)
    by_baseline = (held.quantiles == held.plain).all(1)
    for group, places in groups_of(*_group(held), _day_of(held, zone)):
        count = len(places)
        yield [
            held.milestone,
            *group,
            count,
            int(by_baseline[places].sum()),
            int(inside_80[places].sum()),
            count,
            int(inside_90[places].sum()),
            count,
            *(_sum(loss.mean(axis=1), places) for loss in (ours, theirs)),
            *(_sum(2 * loss[:, P50], places) for loss in (ours, theirs)),
        ]


def _tenths(held: Held) -> Iterator[Row]:
    targeted = held.take(np.isfinite(held.chance) & np.isfinite(held.plain_chance))
    chance, late = targeted.chance, targeted.is_late.astype(np.float64)
    tenth = np.minimum((chance * 10).astype(np.int64), 9)
    squared, plain_squared = (chance - late) ** 2, (targeted.plain_chance - late) ** 2
    for (modality, priority, text), places in groups_of(*_group(targeted), tenth.astype(np.str_)):
        yield [
            held.milestone,
            modality,
            priority,
            int(text),
            len(places),
            _sum(chance, places),
            int(late[places].sum()),
            len(places),
            _sum(squared, places),
            _sum(plain_squared, places),
        ]


def _group(held: Held) -> tuple[Words, Words]:
    priority = held.examples.priority
    return held.examples.words[:, _MODALITY], np.where(priority == "", PRIORITY_UNSAID, priority)


def _inside(held: Held, low: int, high: int) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = held.minutes >= held.quantiles[:, low]
    return inside & (held.minutes <= held.quantiles[:, high])


def _day_of(held: Held, zone: tzinfo) -> Words:
    """The day on which each was forecast; looked up once for each quarter of an hour."""
    quarters, place = np.unique(held.examples.at_us // (_QUARTER_S * _MICROSECONDS), return_inverse=True)
    days = [datetime.fromtimestamp(int(one) * _QUARTER_S, UTC).astimezone(zone).date() for one in quarters]
    return np.array([f"{day}" for day in days], dtype=np.str_)[place.reshape(-1)]


def _sum(values: npt.NDArray[np.float64], places: npt.NDArray[np.int64]) -> float:
    return round(float(values[places].sum()), _DIGITS)
