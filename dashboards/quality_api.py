"""The JSON API of the quality page: each figure, the exams and events behind it, and all of it as files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.roles import Permission
from dashboards.access.routes import allowed
from dashboards.answers import answer
from dashboards.cards import Json
from dashboards.file_answers import file_answer
from dashboards.paging import read_limit, read_place, write_cursor
from dashboards.quality.definitions import FAULTS, PARTS
from dashboards.quality.question import QualityQuestion, read_question
from dashboards.services import Services

_NOT_FOUND = 404
_MOST_ROWS = 1_000
MOST_EXPORTED = 200_000

Ask = Callable[[QualityQuestion], Awaitable[list[Json]]]


class QualityApi:
    """The endpoints of the quality page."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services
        quality = services.quality
        self.parts: Mapping[str, Ask] = {
            "summary": quality.summary,
            "missing": quality.missing,
            "late": quality.late,
            "duplicates": quality.duplicates,
            "contradictions": quality.contradictions,
            "clocks": quality.clocks,
            "scanners": quality.scanners,
        }

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        return [
            allowed("/api/quality/choices", self.choices, Permission.ASK_ANALYTICS),
            allowed("/api/quality/{figure}/behind", self.behind, Permission.ASK_ANALYTICS),
            allowed("/api/quality/{figure}/behind.{kind}", self.behind_file, Permission.ASK_ANALYTICS),
            allowed("/api/quality/{figure}.{kind}", self.file, Permission.ASK_ANALYTICS),
            allowed("/api/quality/{figure}", self.part, Permission.ASK_ANALYTICS),
        ]

    async def choices(self, request: Request) -> Response:
        """The sites and sources that can be chosen."""
        return answer(request, await self._services.quality.choices(self._question(request)))

    async def part(self, request: Request) -> Response:
        """One figure of the page, with what it and its columns mean."""
        ask, question = self._asked(request), self._question(request)
        part = request.path_params["figure"]
        told = {"part": part, "meaning": PARTS.get(part, ""), **question.reading()}
        faults = [
            {"fault": fault.name, "label": fault.label, "meaning": fault.meaning}
            for fault in FAULTS.get(part, {}).values()
        ]
        return answer(request, {**told, "faults": faults, "rows": await ask(question)})

    async def file(self, request: Request) -> Response:
        """The same rows as a file."""
        ask, question = self._asked(request), self._question(request)
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
        self._asked(request)
        asked, part = request.query_params, request.path_params["figure"]
        station, fault = asked.get("station", ""), asked.get("fault", "")
        return await self._services.quality.behind(
            question, part, fault, station=station, after=after, limit=limit
        )

    def _question(self, request: Request) -> QualityQuestion:
        clock = self._services.clock
        return read_question(request.query_params, clock.today(), clock.zone())

    def _asked(self, request: Request) -> Ask:
        ask = self.parts.get(request.path_params["figure"])
        if ask is None:
            raise HTTPException(_NOT_FOUND, f"There is {', '.join(self.parts)}.")
        return ask

    async def _file(
        self, request: Request, question: QualityQuestion, name: str, rows: list[Json]
    ) -> Response:
        period = question.period
        file_name = f"quality-{name}-{period.first}-{period.last}"
        return await file_answer(self._services.provenance, file_name, request.path_params["kind"], rows)
