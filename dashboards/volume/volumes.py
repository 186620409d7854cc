"""The forecast of the volume as it is asked for: from ClickHouse, and kept for a while."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

import anyio.to_thread

from dashboards.analytics import Asks
from dashboards.choice import Chosen
from dashboards.department import zone_name
from dashboards.volume import sql
from dashboards.volume.counts import Counts
from dashboards.volume.days import Days
from dashboards.volume.forecast import DAYS_TO_COME, TooLittleHistory, Volume, forecast
from dashboards.volume.hours import HOURS_OF_DAY, HOURS_OF_WEEK, Hours, hour_of
from dashboards.volume.reading import Rows, counts_of, days_of, modalities_of

WEEKS = 12
_DAYS = 800
_KEPT = 16
_KEPT_S = 300.0


@dataclass(frozen=True, slots=True)
class Known:
    """What was counted until `at`, and what follows from it; `missing` says why nothing does."""

    at: datetime
    counts: Counts
    days: Days
    volume: Volume | None
    missing: str | None


@dataclass(slots=True)
class _Slot:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    known: Known | None = None
    read_s: float = 0.0


class Volumes:
    """Forecasts of one department. One event loop owns it; questions may raise AnalyticsUnavailable."""

    def __init__(self, zone: Callable[[], tzinfo]) -> None:
        """`zone`: the department's."""
        self._zone = zone
        self._slots: OrderedDict[object, _Slot] = OrderedDict()

    async def known(
        self, at: datetime, chosen: Chosen, asks: Callable[[], Awaitable[Asks]], *, instant: str | None
    ) -> Known:
        """As of `at`, of the exams that are `chosen`; at most five minutes old.

        asks: Who answers of that instant. instant: Its name, where it is in the past.
        """
        zone = self._zone()
        key = (chosen, instant, hour_of(at, zone))
        slot = self._slots.setdefault(key, _Slot())
        self._slots.move_to_end(key)
        while len(self._slots) > _KEPT:
            self._slots.popitem(last=False)
        async with slot.lock:
            if slot.known is None or time.monotonic() - slot.read_s > _KEPT_S:
                slot.known = await _ask(await asks(), at, chosen, zone)
                slot.read_s = time.monotonic()
            return slot.known


async def _ask(asks: Asks, at: datetime, chosen: Chosen, zone: tzinfo) -> Known:
    first = hour_of(at, zone) - timedelta(weeks=WEEKS)
    now = WEEKS * HOURS_OF_WEEK
    hours = Hours(first, now + (DAYS_TO_COME + 1) * HOURS_OF_DAY, zone)
    today = at.astimezone(zone).date()
    asked = {"start": hours.first, **chosen.parameters()}
    of_days = {
        "start": hours.first - timedelta(days=_DAYS),
        "first": today - timedelta(days=_DAYS),
        "today": today,
        "zone": zone_name(zone),
        **chosen.parameters(),
    }
    found = await asyncio.gather(asks.ask(sql.EXAMS, asked), asks.ask(sql.DAYS, of_days))
    return await anyio.to_thread.run_sync(_known, at, Rows(*found), hours, now, today)


def _known(at: datetime, rows: Rows, hours: Hours, now: int, today: date) -> Known:
    modalities = modalities_of(rows)
    counts = counts_of(rows, hours, now, modalities)
    days = days_of(rows, today.toordinal() - _DAYS, today.toordinal(), modalities)
    try:
        return Known(at, counts, days, forecast(counts, days), None)
    except TooLittleHistory as error:
        return Known(at, counts, days, None, str(error))
