"""The forecasts that stood at an instant: of each milestone the last that had been made by then.

A forecast knows nothing later than when it was made, and nothing of it changes afterwards: so what was true
then and what was known then are one. Which milestones were still to come is each sense's own.
"""
# ruff: noqa: S608 - every text is made from our own constants; what is asked comes as parameters

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dashboards.analytics import Asks
from dashboards.as_of import sql
from dashboards.as_of.instant import Sense
from dashboards.stored_rows import prediction_row
from schemas.views import PredictionRow

_MADE = "made_at <= {until:DateTime64(6, 'UTC')}"
_SINCE_US = "dateDiff('microsecond', {day_start:DateTime64(6, 'UTC')}, made_at)"
# Which of the day's frames shows it first; what was made before the day stands in the first.
_FRAME = f"greatest(0, intDiv({_SINCE_US} + {{step_us:Int64}} - 1, {{step_us:Int64}}))"


@dataclass(frozen=True, slots=True)
class ForecastsMade:
    """Reads them. Each question may raise AnalyticsUnavailable."""

    analytics: Asks

    async def of_board(self, sense: Sense, asked: Mapping[str, object]) -> list[PredictionRow]:
        """Of the exams on the board at `until`; `asked`: what sql.board_exams takes."""
        wanted = f"exam_id IN ({sql.board_exams(sense)})"
        return await self._read(_latest(wanted), asked)

    async def of_exam(self, exam_id: str, until: datetime) -> list[PredictionRow]:
        """Of one exam."""
        asked = {"exam_id": exam_id, "until": until}
        return await self._read(_latest("exam_id = {exam_id:String}"), asked)

    async def of_frames(
        self, sense: Sense, asked: Mapping[str, object], step: timedelta, also: datetime
    ) -> list[PredictionRow]:
        """Every forecast that a frame of the day shows: one each `step` from its start, and one at `also`.

        A line shows when the exam will be done, and whether what is due will be late.
        """
        wanted = f"exam_id IN ({sql.board_exams(sense)}) AND (milestone = 'final' OR interval != '')"
        apart = f"{_FRAME}, made_at <= {{also:DateTime64(6, 'UTC')}}"
        step_us = step // timedelta(microseconds=1)
        return await self._read(_latest(wanted, apart), {**asked, "step_us": step_us, "also": also})

    async def _read(self, text: str, asked: Mapping[str, object]) -> list[PredictionRow]:
        return [prediction_row(row) for row in await self.analytics.ask(text, asked)]


def _latest(wanted: str, *apart: str) -> str:
    by = ", ".join(("exam_id", "milestone", *apart))
    return f"""
SELECT * EXCEPT (version) FROM predictions FINAL WHERE {_MADE} AND {wanted}
ORDER BY made_at DESC LIMIT 1 BY {by}
"""


def by_milestone(rows: Sequence[PredictionRow]) -> dict[str, PredictionRow]:
    """The forecasts of one exam."""
    return {row.milestone: row for row in rows}
