"""Turnaround times of a day, by modality."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date, tzinfo

from dashboards.analytics import Analytics, Row
from dashboards.department import day_bounds
from dashboards.interval_words import interval_words
from schemas.intervals import REASONS

# However many pages ask: one question to ClickHouse in this time.
_REMEMBERED_S = 2.0
_REMEMBERED_DAYS = 32

_PERCENTILES = """
SELECT
    modality,
    grouping(modality) AS is_total,
    count() AS exams,
    quantilesExactInclusive(0.25, 0.5, 0.75, 0.9, 0.95)(assumeNotNull(seconds)) AS quantiles_s
FROM v_turnaround
WHERE interval = {interval:String} AND excluded_reason = ''
  AND end_at >= {start:DateTime64(6, 'UTC')} AND end_at < {end:DateTime64(6, 'UTC')}
GROUP BY GROUPING SETS ((modality), ())
HAVING exams > 0
ORDER BY is_total, exams DESC, modality
"""

_INTERVALS_OF_EXAM = """
SELECT interval, start_at, end_at, seconds
FROM v_turnaround WHERE exam_id = {exam_id:String} AND excluded_reason = ''
ORDER BY start_at, end_at, interval
"""

_EXCLUDED_OF_EXAM = """
SELECT interval, reason, start_at, end_at
FROM v_turnaround_excluded WHERE exam_id = {exam_id:String} ORDER BY start_at, interval
"""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """One interval of a group of exams that ended on the day; seconds."""

    modality: str | None
    exams: int
    p25_s: float
    p50_s: float
    p75_s: float
    p90_s: float
    p95_s: float


@dataclass(frozen=True, slots=True)
class DayTurnaround:
    """One interval on one day: each modality, the one with the most exams first, and all together."""

    day: date
    interval: str
    modalities: tuple[Percentiles, ...]
    all: Percentiles | None


@dataclass(frozen=True, slots=True)
class Turnaround:
    """Asks for turnaround times; remembers an answer for two seconds."""

    analytics: Analytics
    zone: tzinfo
    _answers: dict[tuple[date, str], tuple[float, DayTurnaround]]

    @classmethod
    def of(cls, analytics: Analytics, zone: tzinfo) -> Turnaround:
        """`zone`: where the department's days begin."""
        return cls(analytics, zone, {})

    async def of_day(self, day: date, interval: str) -> DayTurnaround:
        """What ended on `day`. Raises AnalyticsUnavailable."""
        known = self._answers.get((day, interval))
        if known is not None and time.monotonic() - known[0] < _REMEMBERED_S:
            return known[1]
        start, end = day_bounds(day, self.zone)
        rows = await self.analytics.ask(_PERCENTILES, {"interval": interval, "start": start, "end": end})
        answer = _day(day, interval, rows)
        while len(self._answers) >= _REMEMBERED_DAYS:
            self._answers.pop(next(iter(self._answers)))
        self._answers[day, interval] = (time.monotonic(), answer)
        return answer

    async def of_exam(self, exam_id: str) -> list[Row]:
        """The intervals of one exam, each with its label and meaning. Raises AnalyticsUnavailable."""
        rows = await self.analytics.ask(_INTERVALS_OF_EXAM, {"exam_id": exam_id})
        return [{**row, **interval_words(row["interval"])} for row in rows]

    async def excluded_of_exam(self, exam_id: str) -> list[Row]:
        """What is not measured of one exam, and why. Raises AnalyticsUnavailable."""
        rows = await self.analytics.ask(_EXCLUDED_OF_EXAM, {"exam_id": exam_id})
        why = REASONS.get
        return [
            {**row, **interval_words(row["interval"]), "why": why(row["reason"], row["reason"])}
            for row in rows
        ]


def _day(day: date, interval: str, rows: object) -> DayTurnaround:
    assert isinstance(rows, list)  # noqa: S101 - what ask gives
    groups = [(bool(row["is_total"]), _percentiles(row)) for row in rows]
    total = next((group for is_total, group in groups if is_total), None)
    return DayTurnaround(day, interval, tuple(group for is_total, group in groups if not is_total), total)


def _percentiles(row: Row) -> Percentiles:
    p25, p50, p75, p90, p95 = (float(value) for value in row["quantiles_s"])
    modality = None if row["is_total"] else str(row["modality"]) or "unknown"
    return Percentiles(modality, int(row["exams"]), p25, p50, p75, p90, p95)
