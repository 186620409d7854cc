"""The JSON API of the quality page: each figure, the exams and events behind it, and all of it as files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

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
from dashboards.quality.definitions import FAULTS, PARTS
from dashboards.quality.quality import Quality
from dashboards.quality.question import QualityQuestion, read_question
from dashboards.services import Services

_NOT_FOUND = 404
_MOST_ROWS = 1_000
MOST_EXPORTED = 200_000

PARTS_ASKED: Mapping[str, Callable[[Quality, QualityQuestion], Awaitable[list[Json]]]] = {
    "summary": Quality.summary,
    "missing": Quality.missing,
    "late": Quality.late,
    "duplicates": Quality.duplicates,
    "contradictions": Quality.contradictions,
    "clocks": Quality.clocks,
    "scanners": Quality.scanners,
}
Ask = Callable[[QualityQuestion], Awaitable[list[Json]]]


class QualityApi:
    """The endpoints of the quality page."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        return [
            allowed("/api/quality/choices", self.choices, Permission.ASK_ANALYTICS, takes_as_of=True),
            allowed("/api/quality/{figure}/behind", self.behind, Permission.ASK_ANALYTICS, takes_as_of=True),
            allowed(
                "/api/quality/{figure}/behind.{kind}",
                self.behind_file,
                Permission.ASK_ANALYTICS,
                takes_as_of=True,
            ),
            allowed("/api/quality/{figure}.{kind}", self.file, Permission.ASK_ANALYTICS, takes_as_of=True),
            allowed("/api/quality/{figure}", self.part, Permission.ASK_ANALYTICS, takes_as_of=True),
        ]

    async def choices(self, request: Request) -> Response:
        """The sites and sources that can be chosen."""
        question = self._question(request)
        quality, _ = await self._quality(request)
        return answer(request, await quality.choices(question))

    async def part(self, request: Request) -> Response:
        """One figure of the page, with what it and its columns mean."""
        ask, question, said = await self._asked(request)
        part = request.path_params["figure"]
        told = {"part": part, "meaning": PARTS.get(part, ""), **question.reading(), **said}
        faults = [
            {"fault": fault.name, "label": fault.label, "meaning": fault.meaning}
            for fault in FAULTS.get(part, {}).values()
        ]
        return answer(request, {**told, "faults": faults, "rows": await ask(question)})

    async def file(self, request: Request) -> Response:
        """The same rows as a file."""
        ask, question, _ = await self._asked(request)
        return await self._file(request, question, request.path_params["figure"], await ask(question))

    async def behind(self, request: Request) -> Response:
        """One page of the exams or events behind a figure."""
        asked, question = request.query_params, self._question(request)
        limit = read_limit(asked, 50, _MOST_ROWS)
        found = await self._behind(request, question, read_place(asked), limit + 1)
        page = found[:limit]
        cursor = write_cursor((page[-1]["at"].isoformat(), page[-1]["id"])) if len(found) > limit else None
        return answer(request, {**question.reading(), "rows": page, "next_cursor": cursor})

    async def behind_file(self, request: Request) -> Response:
        """All of them as a file, at most MOST_EXPORTED."""
        question = self._question(request)
        rows = await self._behind(request, question, None, MOST_EXPORTED)
        return await self._file(request, question, f"{request.path_params['figure']}-behind", rows)

    async def _behind(
        self, request: Request, question: QualityQuestion, after: tuple[str, str] | None, limit: int
    ) -> list[Json]:
        await self._asked(request)
        asked, part = request.query_params, request.path_params["figure"]
        station, fault = asked.get("station", ""), asked.get("fault", "")
        quality, _ = await self._quality(request)
        return await quality.behind(question, part, fault, station=station, after=after, limit=limit)

    def _question(self, request: Request) -> QualityQuestion:
        past, asked = self._services.past, request.query_params
        return read_question(asked, past.today(asked), self._services.clock.zone())

    async def _quality(self, request: Request) -> tuple[Quality, Json]:
        """Who tells of now or of an instant, and what answers say of that."""
        past = self._services.past
        as_of = past.read(request.query_params)
        if as_of is None:
            return self._services.quality, {}
        return Quality(await past.asks(as_of)), {"as_of": as_of.reading()}

    async def _asked(self, request: Request) -> tuple[Ask, QualityQuestion, Json]:
        part = PARTS_ASKED.get(request.path_params["figure"])
        if part is None:
            raise HTTPException(_NOT_FOUND, f"There is {', '.join(PARTS_ASKED)}.")
        question = self._question(request)
        quality, said = await self._quality(request)
        return partial(part, quality), question, said

    async def _file(
        self, request: Request, question: QualityQuestion, name: str, rows: list[Json]
    ) -> Response:
        period = question.period
        file_name = f"quality-{name}-{period.first}-{period.last}"
        return await exported(request, self._services, file_name, rows)
