"""The JSON API of turnaround times: each figure of the page, the exams behind it, and all of it as files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.roles import Permission
from dashboards.access.routes import allowed
from dashboards.answers import answer
from dashboards.cards import Json
from dashboards.exporting import exported
from dashboards.paging import read_limit, read_place, write_cursor
from dashboards.services import Services
from dashboards.trends.question import TrendQuestion, read_question
from dashboards.trends.trends import Trends
from schemas.intervals import INTERVALS

_NOT_FOUND = 404
MOST_EXAMS = 10_000
# Of the exams themselves a file has no more; it says where it was cut.
MOST_EXPORTED = 200_000

PARTS: Mapping[str, Callable[[Trends, TrendQuestion], Awaitable[list[Json]]]] = {
    "summary": Trends.summary,
    "trend": Trends.trend,
    "distribution": Trends.distribution,
    "heatmap": Trends.heatmap,
    "stages": Trends.stages,
    "readers": Trends.readers,
    "scanners": Trends.scanners,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Which figure of which exams, who tells of it, and what answers say of the instant."""

    part: str
    question: TrendQuestion
    trends: Trends
    said: Json

    async def rows(self) -> list[Json]:
        """The figure."""
        return await PARTS[self.part](self.trends, self.question)


class TrendsApi:
    """The endpoints of the turnaround page."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        return [
            allowed("/api/intervals", self.intervals, Permission.SEE_WORKLIST),
            allowed("/api/turnaround/choices", self.choices, Permission.ASK_ANALYTICS, takes_as_of=True),
            allowed("/api/turnaround/exams", self.exams, Permission.ASK_ANALYTICS, takes_as_of=True),
            allowed(
                "/api/turnaround/exams.{kind}", self.exams_file, Permission.ASK_ANALYTICS, takes_as_of=True
            ),
            allowed("/api/turnaround/{part}.{kind}", self.file, Permission.ASK_ANALYTICS, takes_as_of=True),
            allowed("/api/turnaround/{part}", self.part, Permission.ASK_ANALYTICS, takes_as_of=True),
        ]

    async def intervals(self, request: Request) -> Response:
        """Every interval: its ends, its label and what it means."""
        told: list[Json] = [
            {
                "interval": one.name,
                "label": one.label,
                "meaning": one.meaning,
                "phase": one.phase,
                "start": one.start,
                "end": one.end,
                "swim_code": one.swim_code,
            }
            for one in INTERVALS
        ]
        return answer(request, {"intervals": told})

    async def choices(self, request: Request) -> Response:
        """The values that each filter can take."""
        return answer(request, await self._services.trends.choices())

    async def part(self, request: Request) -> Response:
        """One figure of the page.

        counted_by: the cells of the rollup that it is from, `hour` or `day`; `exam` where it is from none.
        """
        asked = await self._asked(request)
        rows = await asked.rows()
        counted_by = await asked.trends.counted_by(asked.part, asked.question)
        told = {"by_hour": asked.question.by_hour, "counted_by": counted_by, "rows": rows}
        return answer(request, {**asked.question.reading(), **asked.said, **told})

    async def file(self, request: Request) -> Response:
        """The same rows as a file."""
        asked = await self._asked(request)
        return await self._file(request, asked.question, asked.part, await asked.rows())

    async def exams(self, request: Request) -> Response:
        """One page of the exams that the figures are made from."""
        asked, question = request.query_params, self._question(request)
        limit = read_limit(asked, 100, MOST_EXAMS)
        trends, said = await self._trends(request)
        found = await trends.exams(question, read_place(asked), limit + 1)
        page = found[:limit]
        cursor = None
        if len(found) > limit:
            cursor = write_cursor((page[-1]["end_at"].isoformat(), page[-1]["exam_id"]))
        return answer(request, {**question.reading(), **said, "rows": page, "next_cursor": cursor})

    async def exams_file(self, request: Request) -> Response:
        """The exams as a file, at most MOST_EXPORTED of them."""
        question = self._question(request)
        trends, _ = await self._trends(request)
        rows = await trends.exams(question, None, MOST_EXPORTED)
        return await self._file(request, question, "exams", rows)

    def _question(self, request: Request) -> TrendQuestion:
        past, asked = self._services.past, request.query_params
        return read_question(asked, past.today(asked), self._services.clock.zone())

    async def _trends(self, request: Request) -> tuple[Trends, Json]:
        """Who tells of now or of an instant, and what answers say of that."""
        past = self._services.past
        as_of = past.read(request.query_params)
        if as_of is None:
            return self._services.trends, {}
        return Trends(await past.asks(as_of)), {"as_of": as_of.reading()}

    async def _asked(self, request: Request) -> Asked:
        part = request.path_params["part"]
        if part not in PARTS:
            raise HTTPException(_NOT_FOUND, f"There is {', '.join(PARTS)} and exams.")
        question = self._question(request)
        trends, said = await self._trends(request)
        return Asked(part, question, trends, said)

    async def _file(self, request: Request, question: TrendQuestion, part: str, rows: list[Json]) -> Response:
        period = question.period
        name = f"{question.interval}-{part}-{period.first}-{period.last}"
        return await exported(request, self._services, name, rows)
