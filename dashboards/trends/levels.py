"""From which rollup a question is answered: hours, or days for all that is longer than a week."""

from __future__ import annotations

import time
from enum import StrEnum

from dashboards.analytics import Asks
from dashboards.department import zone_name
from dashboards.trends.question import TrendQuestion

# Hours are some seconds behind what happened, and are dear for many days; days are a minute behind.
_MOST_DAYS_BY_HOURS = 7
_REMEMBERED_S = 60.0
_COUNTED = "SELECT count() > 0 AS is_counted FROM turnaround_counts WHERE name = {name:String}"


class Level(StrEnum):
    """What the cells of a rollup are.

    HOUR: hours of UTC; percentiles from t-digests. DAY: days of the department's zone; percentiles are exact.
    """

    HOUR = "hour"
    DAY = "day"


class Levels:
    """Which of them answers; remembers for a minute whether the days of a zone are counted at all."""

    def __init__(self, analytics: Asks) -> None:
        """Nothing is asked yet."""
        self._analytics = analytics
        self._known: dict[str, tuple[float, bool]] = {}

    async def of(self, question: TrendQuestion) -> Level:
        """The same for both periods. Raises AnalyticsUnavailable."""
        compared_days = 0 if question.compare is None else question.compare.days
        if max(question.period.days, compared_days) <= _MOST_DAYS_BY_HOURS:
            return Level.HOUR
        return Level.DAY if await self._counted(zone_name(question.zone)) else Level.HOUR

    async def _counted(self, zone: str) -> bool:
        """Whether the sink has counted the days of `zone`: not in its first minutes, or of a new zone."""
        asked_s, is_counted = self._known.get(zone, (-_REMEMBERED_S, False))
        if time.monotonic() - asked_s < _REMEMBERED_S:
            return is_counted
        (row,) = await self._analytics.ask(_COUNTED, {"name": f"daily {zone}"})
        self._known[zone] = (time.monotonic(), bool(row["is_counted"]))
        return bool(row["is_counted"])
