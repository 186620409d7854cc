"""Questions to ClickHouse about an instant: the same questions, of the views as they were then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import anyio.to_thread

from dashboards.analytics import Analytics, Row
from dashboards.as_of import sql
from dashboards.as_of.day import PastDay
from dashboards.as_of.folding import Folding
from dashboards.as_of.instant import AsOf
from dashboards.as_of.views_then import DESCRIBED, Folded, at_instant
from schemas.views import TurnaroundRow, WorklistRow

# The folded rows stand in the question: some megabytes for a site of 150,000 exams a year.
_SETTINGS = {"max_query_size": 256 * 1024 * 1024}
_COLUMNS = tuple(field.name for field in fields(WorklistRow) if field.name not in ("phi", "phi_event_id"))
_OF_EXAM = tuple(
    field.name
    for field in fields(TurnaroundRow)
    if field.name not in ("intervals", "excluded", "clock_faults")
)


class ThenAnalytics:
    """Answers as Analytics does."""

    def __init__(self, analytics: Analytics, day: PastDay, as_of: AsOf, folding: Folding) -> None:
        """`day`: the one that the instant lies in."""
        self._analytics = analytics
        self._day = day
        self._as_of = as_of
        self._parameters = {**sql.parameters(as_of, folding), "day_start": day.start}
        self._columns: dict[str, Sequence[tuple[str, str]]] = {}

    async def ask(self, text: str, parameters: Mapping[str, object]) -> Sequence[Row]:
        """Rows by column name. Raises AnalyticsUnavailable, BadQuestion."""
        for view in DESCRIBED:
            if view not in self._columns:
                rows = await self._analytics.ask(f"DESCRIBE TABLE {view}", {})
                self._columns[view] = [(row["name"], row["type"]) for row in rows]
        made = await anyio.to_thread.run_sync(self._text, text, parameters)
        return await self._analytics.ask(made, {**self._parameters, **parameters}, _SETTINGS)

    def _text(self, text: str, parameters: Mapping[str, object]) -> str:
        at, day = self._as_of.at, self._day
        measured = _ended(day.turnaround(at), parameters) if "turnaround" in text else ()
        exams = (_row(row) for row in day.rows(at)) if "v_exams" in text else ()
        rows = {"v_exams": [*exams], "v_turnaround": [*measured]}
        return at_instant(text, self._as_of.sense, Folded(self._columns, rows))


def _row(row: WorklistRow) -> Row:
    return {name: getattr(row, name) for name in _COLUMNS}


def _ended(exams: Iterator[TurnaroundRow], asked: Mapping[str, object]) -> Iterator[Row]:
    """The rows of `v_turnaround`, as far as the question may be about them."""
    wanted = _wanted(asked)
    for exam in exams:
        of_exam = {name: getattr(exam, name) for name in _OF_EXAM}
        for one in exam.intervals:
            if wanted(one):
                took = {"seconds": one.seconds, "minutes": one.seconds / 60}
                yield {
                    **of_exam,
                    **took,
                    "interval": one.name,
                    "start_at": one.start_at,
                    "end_at": one.end_at,
                }
        for out in exam.excluded or ():
            if wanted(out):
                ends = {"interval": out.name, "start_at": out.start_at, "end_at": out.end_at}
                yield {**of_exam, **ends, "excluded_reason": out.reason}


def _wanted(asked: Mapping[str, object]) -> Any:
    names = asked.get("stages") or ([asked["interval"]] if "interval" in asked else None)
    start, end = asked.get("start"), asked.get("end")
    if not isinstance(names, list) or not isinstance(start, datetime) or not isinstance(end, datetime):
        return lambda _: True
    return lambda one: one.name in names and start <= one.end_at < end
