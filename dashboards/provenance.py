"""Whether what is shown was invented: a history that was made, a simulated department."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dashboards.analytics import Analytics, utc
from dashboards.remembered import Remembered
from schemas.synthetic import SYNTHETIC_FACILITY

_SYNTHETIC = """
SELECT count() AS events, min(occurred_at) AS first_at, max(occurred_at) AS last_at
FROM events WHERE source_facility = {facility:String}
"""
_ASK_AGAIN_AFTER_S = 30.0


@dataclass(frozen=True, slots=True)
class SyntheticEvents:
    """Invented events, and from when to when they tell; UTC."""

    events: int
    first_at: datetime
    last_at: datetime


class Provenance:
    """Where the events come from. One event loop owns it."""

    def __init__(self, analytics: Analytics) -> None:
        self._analytics = analytics
        self._remembered = Remembered(self._asked, _ASK_AGAIN_AFTER_S)

    async def synthetic(self) -> SyntheticEvents | None:
        """What there is of invented events; at most half a minute old. Raises AnalyticsUnavailable."""
        return await self._remembered.now()

    async def _asked(self) -> SyntheticEvents | None:
        (row,) = await self._analytics.ask(_SYNTHETIC, {"facility": SYNTHETIC_FACILITY})
        if not row["events"]:
            return None
        return SyntheticEvents(row["events"], utc(row["first_at"]), utc(row["last_at"]))
