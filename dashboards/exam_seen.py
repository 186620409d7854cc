"""The exam that a question is about: as it stands, or as it was at an instant."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.exceptions import HTTPException
from starlette.requests import Request

from dashboards.analytics import AnalyticsUnavailable
from dashboards.as_of.instant import AsOf
from dashboards.as_of.sql import EVER, Until
from dashboards.cards import Json
from dashboards.forecasts import still_coming
from dashboards.interval_words import interval_words
from dashboards.services import Services
from dashboards.turnaround import why_excluded
from schemas.views import AlertRow, PredictionRow, TurnaroundRow, WorklistRow

_NOT_FOUND = 404

Measured = tuple[Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]]]
"""The intervals of an exam: those that are measured, and those that cannot be."""


class ExamSeen(Protocol):
    """row: what is, or was, known. found_in: where. until: what of the log counts.

    forecasts: by milestone to come.
    """

    row: WorklistRow
    found_in: str
    as_of: AsOf | None
    until: Until
    forecasts: Mapping[str, PredictionRow]

    async def measured(self) -> Measured:
        """Its intervals. Raises AnalyticsUnavailable."""

    async def alerts(self) -> Sequence[AlertRow]:
        """Every alert that it had. Raises AnalyticsUnavailable."""


async def exam_seen(services: Services, request: Request) -> ExamSeen:
    """Raises HTTPException (404), BadQuestion, NotFolded, AnalyticsUnavailable."""
    exam_id, as_of = request.path_params["exam_id"], services.past.read(request.query_params)
    if as_of is None:
        row, found_in = await services.exam(exam_id)
        return _Now(services, row, found_in, still_coming(services.live.forecasts.of(exam_id), row))
    return await _then(services, exam_id, as_of)


async def exam_shown(services: Services, request: Request) -> WorklistRow | None:
    """The row for the exam's page; None where ClickHouse is away and could not be asked.

    Raises HTTPException (404), BadQuestion, NotFolded.
    """
    try:
        return (await exam_seen(services, request)).row
    except AnalyticsUnavailable:
        return None


@dataclass(slots=True)
class _Now:
    services: Services
    row: WorklistRow
    found_in: str
    forecasts: Mapping[str, PredictionRow]
    as_of: AsOf | None = None
    until: Until = EVER

    async def measured(self) -> Measured:
        turnaround, exam_id = self.services.turnaround, self.row.exam_id
        found = await asyncio.gather(turnaround.of_exam(exam_id), turnaround.excluded_of_exam(exam_id))
        return found[0], found[1]

    async def alerts(self) -> Sequence[AlertRow]:
        exam_id = self.row.exam_id
        known = {row.alert_id: row for row in await self.services.history.alerts(exam_id)}
        # The board hears of an alert before the analytics store has it.
        known |= {row.alert_id: row for row in self.services.live.alerts.ordered(exam_id)}
        return list(known.values())


@dataclass(slots=True)
class _Then:
    row: WorklistRow
    turnaround: TurnaroundRow | None
    of_targets: Sequence[AlertRow]
    as_of: AsOf | None
    until: Until
    forecasts: Mapping[str, PredictionRow]
    found_in: str = "events"

    async def measured(self) -> Measured:
        return _intervals(self.turnaround), _excluded(self.turnaround)

    async def alerts(self) -> Sequence[AlertRow]:
        return self.of_targets


async def _then(services: Services, exam_id: str, as_of: AsOf) -> _Then:
    history = await services.past.exam(exam_id, as_of)
    known = None if history is None else history.known(as_of.at)
    row = None if known is None else known.row
    if known is None or row is None:
        told = f"Nothing was known of exam {exam_id} {as_of.told()}: ask for a later instant, or for now."
        raise HTTPException(_NOT_FOUND, told)
    judgement = services.past.folding().judge(row, as_of.at)
    forecasts = await services.past.forecasts(exam_id, row, as_of)
    return _Then(row, known.turnaround, judgement.alerts, as_of, services.past.until(as_of), forecasts)


def _intervals(row: TurnaroundRow | None) -> list[Json]:
    """As Turnaround.of_exam has them."""
    found = () if row is None else row.intervals
    told = [
        {
            "interval": one.name,
            "start_at": one.start_at,
            "end_at": one.end_at,
            "seconds": one.seconds,
            **interval_words(one.name),
        }
        for one in found
    ]
    return sorted(told, key=lambda one: (one["start_at"], one["end_at"], one["interval"]))


def _excluded(row: TurnaroundRow | None) -> list[Json]:
    """As Turnaround.excluded_of_exam has them."""
    found = () if row is None else row.excluded or ()
    told: list[Json] = [
        {
            "interval": one.name,
            "reason": one.reason,
            "start_at": one.start_at,
            "end_at": one.end_at,
            **interval_words(one.name),
            "why": why_excluded(one.reason),
        }
        for one in found
    ]
    return sorted(told, key=lambda one: (one["start_at"], one["interval"]))
