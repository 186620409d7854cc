"""What came of the live forecasts of the last 30 days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboards.analytics import Asks, Row, utc
from dashboards.department import Clock, day_bounds, zone_name
from dashboards.forecast.question import PERIODS_DAYS
from dashboards.forecast.record_sql import RECORD, SINCE
from dashboards.remembered import Remembered

_REMEMBERED_S = 30.0
_WEEK, _MONTH = PERIODS_DAYS


@dataclass(frozen=True, slots=True)
class LiveRecord:
    """Rows of schemas.forecast_record; since: when the first forecast was made, None before there is one."""

    since: datetime | None
    days: Sequence[Row]
    tenths: Sequence[Row]
    first_of_week: str

    def of_last(self, days: int) -> tuple[list[Row], list[Row]]:
        """The rows of the last 7 or 30 days: by day, by tenth."""
        if days == _MONTH:
            return list(self.days), list(self.tenths)
        return (
            [row for row in self.days if row["day"] >= self.first_of_week],
            [row for row in self.tenths if row["is_recent"]],
        )


class LiveRecords:
    """Asks ClickHouse, at most twice a minute. One event loop owns it."""

    def __init__(self, analytics: Asks, clock: Clock) -> None:
        self._analytics, self._clock = analytics, clock
        self._remembered = Remembered(self._asked, _REMEMBERED_S)

    async def now(self) -> LiveRecord:
        """Raises AnalyticsUnavailable."""
        return await self._remembered.now()

    async def _asked(self) -> LiveRecord:
        today, zone = self._clock.today(), self._clock.zone()
        week = today - timedelta(days=_WEEK - 1)
        parameters = {
            "start": day_bounds(today - timedelta(days=_MONTH - 1), zone)[0],
            "recent": day_bounds(week, zone)[0],
            "end": day_bounds(today, zone)[1],
            "zone": zone_name(zone),
        }
        (since,) = await self._analytics.ask(SINCE, {})
        rows = await self._analytics.ask(RECORD, parameters) if since["forecasts"] else []
        return LiveRecord(
            utc(since["first_at"]) if since["forecasts"] else None,
            [row for row in rows if row["of_day"]],
            [row for row in rows if not row["of_day"]],
            f"{week}",
        )
