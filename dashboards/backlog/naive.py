"""What anybody could say of a queue: as long as when the same hours of the last eight weeks ended. Pure."""

from __future__ import annotations

import numpy as np

from dashboards.backlog.line import WEEKS, Line
from dashboards.volume.hours import HOURS_OF_WEEK, Floats, Ints
from dashboards.volume.spread import LEVELS


def naive_waiting(line: Line, hours: int) -> Floats | None:
    """(levels, hour): how many will wait as each ends; None where not a week is known."""
    known = _before(line, len(line.left) + 1 + np.arange(hours))
    return np.asarray(np.quantile(known, LEVELS, axis=0)) if known else None


def most_at_this_hour(line: Line) -> float:
    """No more waited in nine of ten weeks as this hour began; 0 where not a week is known."""
    known = _before(line, np.array([len(line.left)]))
    return float(np.quantile(known, LEVELS[-1])) if known else 0.0


def _before(line: Line, places: Ints) -> list[Floats]:
    """(hour), week by week back."""
    weeks = [places - back * HOURS_OF_WEEK for back in range(1, WEEKS + 1)]
    return [line.waiting[those] for those in weeks if those[0] >= 0]
