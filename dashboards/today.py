"""What the department did today, beside the same weekday of the weeks before, by its own clock."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo

from dashboards.analytics import Analytics, Row, utc
from dashboards.as_of.measured import ended
from dashboards.choice import CHOSEN, Chosen
from dashboards.department import day_bounds
from dashboards.groups import inclusive
from schemas.views import TurnaroundRow

WEEKS = 4
_HOURS = 24
# However many pages ask: one question to ClickHouse in this time.
_REMEMBERED_S = 5.0
_REMEMBERED_ANSWERS = 64
# What is counted, by the interval that it ends. All begin with the order, so every ordered exam is in them.
STEPS: Mapping[str, str] = {
    "arrived": "order_to_arrival",
    "acquired": "order_to_completed",
    "reported": "order_to_final",
}

# The hours of the rollup that any of the days has; which day and hour each is, the zone decides.
_HOURLY = f"""
SELECT interval, hour, sum(exams + excluded) AS exams
FROM v_turnaround_hourly
WHERE interval IN {{steps:Array(String)}} AND hour >= {{earliest:DateTime('UTC')}}
  AND arrayExists((first, last) -> hour >= first AND hour < last,
                  {{starts:Array(DateTime('UTC'))}}, {{ends:Array(DateTime('UTC'))}})
  AND {CHOSEN}
GROUP BY interval, hour HAVING exams > 0
"""  # noqa: S608 - made from our own constants
_QUANTILES = f"""
SELECT h.hour >= {{start:DateTime('UTC')}} AS is_today, sum(h.exams) AS exams,
       quantilesTDigestMerge(0.25, 0.5, 0.75, 0.9, 0.95)(digest) AS quantiles_s
FROM v_turnaround_hourly AS h
WHERE interval = {{interval:String}} AND h.hour >= {{earliest:DateTime('UTC')}}
  AND arrayExists((first, last) -> h.hour >= first AND h.hour < last,
                  {{starts:Array(DateTime('UTC'))}}, {{ends:Array(DateTime('UTC'))}})
  AND {CHOSEN}
GROUP BY is_today HAVING exams > 0
"""  # noqa: S608 - made from our own constants


@dataclass(frozen=True, slots=True)
class Series:
    """How many exams came to a step in each hour of the day.

    today: 24 counts. usual: the mean of the same weekdays before; None where there is none with exams.
    today_so_far, usual_so_far: from midnight to the end of the hour that it is.
    """

    today: tuple[int, ...]
    usual: tuple[float, ...] | None
    today_so_far: int
    usual_so_far: float | None


@dataclass(frozen=True, slots=True)
class Took:
    """How long an interval took that ended so far on the day, or on the days before; seconds."""

    exams: int
    p50_s: float
    p90_s: float


@dataclass(frozen=True, slots=True)
class Today:
    """The day until now beside the same weekday of at most four weeks before.

    weeks: of how many of these there is anything. hour: the hour that it is.
    """

    day: date
    hour: int
    weeks: int
    interval: str
    series: Mapping[str, Series]
    took_today: Took | None
    took_usually: Took | None


class Days:
    """Asks for days; remembers an answer for five seconds."""

    def __init__(self, analytics: Analytics, zone: tzinfo) -> None:
        """`zone`: where the department's days begin."""
        self._analytics = analytics
        self._zone = zone
        self._answers: dict[tuple[date, int, str, Chosen], tuple[float, Today]] = {}

    async def until(self, now: datetime, interval: str, chosen: Chosen) -> Today:
        """The day of `now`, until then. Raises AnalyticsUnavailable."""
        local = now.astimezone(self._zone)
        key = (local.date(), local.hour, interval, chosen)
        known = self._answers.get(key)
        if known is not None and time.monotonic() - known[0] < _REMEMBERED_S:
            return known[1]
        found = await self._ask(local, interval, chosen)
        while len(self._answers) >= _REMEMBERED_ANSWERS:
            self._answers.pop(next(iter(self._answers)))
        self._answers[key] = (time.monotonic(), found)
        return found

    async def then(
        self, now: datetime, interval: str, chosen: Chosen, exams: Sequence[TurnaroundRow]
    ) -> Today:
        """The same at `now`, the day by what was known of `exams`. What is usual is as it is known now."""
        local = now.astimezone(self._zone)
        known = await self._ask(local, interval, chosen)
        start, end = day_bounds(local.date(), self._zone)
        steps = {name: step for step, name in STEPS.items()}
        counts = {step: [0] * _HOURS for step in STEPS}
        for one in ended(exams, steps, start, end, chosen):
            counts[steps[one.interval]][one.end_at.astimezone(self._zone).hour] += 1
        series = {
            step: replace(of, today=tuple(counts[step]), today_so_far=sum(counts[step][: local.hour + 1]))
            for step, of in known.series.items()
        }
        took = [
            one.seconds for one in ended(exams, (interval,), start, end, chosen) if one.seconds is not None
        ]
        return replace(known, series=series, took_today=_took_of(sorted(took)))

    async def _ask(self, local: datetime, interval: str, chosen: Chosen) -> Today:
        days = weekdays(local.date())
        bounds = [day_bounds(day, self._zone) for day in days]
        starts, ends = [start for start, _ in bounds], [end for _, end in bounds]
        whole = {"starts": starts, "ends": ends, "earliest": min(starts), **chosen.parameters()}
        counted = await self._analytics.ask(_HOURLY, {**whole, "steps": [*STEPS.values()]})
        so_far = [min(end, start + timedelta(hours=local.hour + 1)) for start, end in bounds]
        asked = {**whole, "ends": so_far, "start": starts[0], "interval": interval}
        took = {bool(row["is_today"]): _took(row) for row in await self._analytics.ask(_QUANTILES, asked)}
        series, weeks = series_of(counted, days, local.hour, self._zone)
        return Today(local.date(), local.hour, weeks, interval, series, took.get(True), took.get(False))


def weekdays(day: date) -> list[date]:
    """The day, and the same weekday of each of the weeks before."""
    return [day - timedelta(weeks=week) for week in range(WEEKS + 1)]


def series_of(
    rows: Iterable[Row], days: Sequence[date], hour: int, zone: tzinfo
) -> tuple[dict[str, Series], int]:
    """The series of each step, and of how many days before there is anything."""
    counts = {step: {day: [0] * _HOURS for day in days} for step in STEPS}
    step_of = {interval: step for step, interval in STEPS.items()}
    for row in rows:
        local = utc(row["hour"]).astimezone(zone)
        if local.date() in counts[step_of[row["interval"]]]:
            counts[step_of[row["interval"]]][local.date()][local.hour] += int(row["exams"])
    before = [day for day in days[1:] if any(any(counts[step][day]) for step in STEPS)]
    series = {step: _series(counts[step], days[0], before, hour) for step in STEPS}
    return series, len(before)


def _series(counts: Mapping[date, Sequence[int]], day: date, before: Sequence[date], hour: int) -> Series:
    today = tuple(counts[day])
    so_far = slice(0, hour + 1)
    if not before:
        return Series(today, None, sum(today[so_far]), None)
    usual = tuple(sum(counts[one][at] for one in before) / len(before) for at in range(_HOURS))
    return Series(today, usual, sum(today[so_far]), sum(usual[so_far]))


def _took_of(ordered: Sequence[float]) -> Took | None:
    if not ordered:
        return None
    return Took(len(ordered), inclusive(ordered, 0.5), inclusive(ordered, 0.9))


def _took(row: Row) -> Took:
    _, p50, _, p90, _ = row["quantiles_s"]
    return Took(int(row["exams"]), float(p50), float(p90))
