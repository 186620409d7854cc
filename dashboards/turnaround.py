"""Turnaround times of a day, by modality and priority, against their targets."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo

from dashboards.analytics import Analytics, Row, utc
from dashboards.as_of.measured import ended
from dashboards.changes import TargetsOf
from dashboards.choice import ALL_EXAMS, CHOSEN, Chosen
from dashboards.department import day_bounds
from dashboards.groups import DayTurnaround, Group, day_turnaround
from dashboards.interval_words import interval_words
from schemas.intervals import REASONS
from schemas.views import TurnaroundRow, WorklistRow

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)

# However many pages ask: one question to ClickHouse in this time.
_REMEMBERED_S = 2.0
_REMEMBERED_ANSWERS = 64

# The exams first, over all of their versions: then only their granules are merged, not the whole interval's.
_SECONDS = f"""
SELECT modality, if(priority = '', 'ROUTINE', priority) AS urgency, patient_class, site,
       groupArray(assumeNotNull(seconds)) AS seconds
FROM v_turnaround
WHERE interval = {{interval:String}} AND excluded_reason = ''
  AND end_at >= {{start:DateTime64(6, 'UTC')}} AND end_at < {{end:DateTime64(6, 'UTC')}}
  AND exam_id IN (
    SELECT exam_id FROM turnaround WHERE interval = {{interval:String}}
      AND end_at >= {{start:DateTime64(6, 'UTC')}} AND end_at < {{end:DateTime64(6, 'UTC')}}
  )
  AND {CHOSEN}
GROUP BY modality, urgency, patient_class, site
"""  # noqa: S608 - made from our own constants

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
class Turnaround:
    """Asks for turnaround times; remembers an answer for two seconds."""

    analytics: Analytics
    zone: tzinfo
    targets_of: TargetsOf | None
    _answers: dict[tuple[date, str, Chosen], tuple[float, DayTurnaround]]

    @classmethod
    def of(cls, analytics: Analytics, zone: tzinfo, targets_of: TargetsOf | None) -> Turnaround:
        """`zone`: where the department's days begin."""
        return cls(analytics, zone, targets_of, {})

    async def of_day(self, day: date, interval: str, chosen: Chosen = ALL_EXAMS) -> DayTurnaround:
        """What ended on `day` of the exams that are `chosen`. Raises AnalyticsUnavailable."""
        known = self._answers.get((day, interval, chosen))
        if known is not None and time.monotonic() - known[0] < _REMEMBERED_S:
            return known[1]
        start, end = day_bounds(day, self.zone)
        asked = {"interval": interval, "start": start, "end": end, **chosen.parameters()}
        groups = [self._group(interval, row) for row in await self.analytics.ask(_SECONDS, asked)]
        answer = day_turnaround(day, interval, groups)
        while len(self._answers) >= _REMEMBERED_ANSWERS:
            self._answers.pop(next(iter(self._answers)))
        self._answers[day, interval, chosen] = (time.monotonic(), answer)
        return answer

    def then(self, day: date, interval: str, chosen: Chosen, exams: Iterable[TurnaroundRow]) -> DayTurnaround:
        """The same, of the intervals that were known of `exams`."""
        start, end = day_bounds(day, self.zone)
        seconds: dict[tuple[str, str, str, str], list[float]] = {}
        for one in ended(exams, (interval,), start, end, chosen):
            if one.seconds is not None:
                seconds.setdefault(one.group, []).append(one.seconds)
        names = ("modality", "urgency", "patient_class", "site")
        rows = [
            {**dict(zip(names, group, strict=True)), "seconds": taken} for group, taken in seconds.items()
        ]
        return day_turnaround(day, interval, [self._group(interval, row) for row in rows])

    def _group(self, interval: str, row: Row) -> Group:
        modality, priority = str(row["modality"]), str(row["urgency"])
        found = {} if self.targets_of is None else self.targets_of(_any_exam(row))
        target = found.get(interval)
        seconds = tuple(map(float, row["seconds"]))
        return Group(
            modality or "unknown", priority, seconds, None if target is None else target.total_seconds()
        )

    async def of_exam(self, exam_id: str) -> list[Row]:
        """The intervals of one exam, each with its label and meaning. Raises AnalyticsUnavailable."""
        rows = await self.analytics.ask(_INTERVALS_OF_EXAM, {"exam_id": exam_id})
        return [{**row, **_ends(row), **interval_words(row["interval"])} for row in rows]

    async def excluded_of_exam(self, exam_id: str) -> list[Row]:
        """What is not measured of one exam, and why. Raises AnalyticsUnavailable."""
        rows = await self.analytics.ask(_EXCLUDED_OF_EXAM, {"exam_id": exam_id})
        return [
            {**row, **_ends(row), **interval_words(row["interval"]), "why": why_excluded(row["reason"])}
            for row in rows
        ]


def _ends(row: Row) -> dict[str, datetime]:
    """Both with their zone: without it a browser takes them for its own time."""
    return {name: utc(row[name]) for name in ("start_at", "end_at")}


def why_excluded(reason: str) -> str:
    """Why an interval is not measured, in words."""
    return REASONS.get(reason, reason)


def _any_exam(row: Row) -> WorklistRow:
    """An exam of the group: what targets choose by, and nothing else."""
    return WorklistRow(
        exam_id="",
        site=row["site"],
        modality=row["modality"] or None,
        priority=row["urgency"],
        patient_class=row["patient_class"] or None,
        stage="ordered",
        series_count=0,
        instance_count=0,
        unmatched=False,
        event_count=0,
        last_occurred_at=_NEVER,
        last_recorded_at=_NEVER,
    )
