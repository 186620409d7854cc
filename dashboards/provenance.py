"""Whether what is shown was invented: a history that was made, a simulated department."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from dashboards.analytics import Analytics, utc
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
        self._known: SyntheticEvents | None = None
        self._ask_again_s = 0.0

    async def synthetic(self) -> SyntheticEvents | None:
        """What there is of invented events; at most half a minute old. Raises AnalyticsUnavailable."""
        if time.monotonic() >= self._ask_again_s:
            (row,) = await self._analytics.ask(_SYNTHETIC, {"facility": SYNTHETIC_FACILITY})
            self._known = None
            if row["events"]:
                self._known = SyntheticEvents(row["events"], utc(row["first_at"]), utc(row["last_at"]))
            self._ask_again_s = time.monotonic() + _ASK_AGAIN_AFTER_S
        return self._known
