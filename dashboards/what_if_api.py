"""The JSON API of the what-if page: history judged by other targets, and the exams that it changes."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.roles import Permission
from dashboards.access.routes import allowed
from dashboards.answers import JsonResponse, answer
from dashboards.cards import Json
from dashboards.exporting import exported
from dashboards.interval_words import interval_words
from dashboards.json_body import read_text_fields
from dashboards.paging import read_limit, read_place, write_cursor
from dashboards.questions import BadQuestion
from dashboards.services import Services
from dashboards.what_if.question import MEMBERS, WhatIf, read_what_if
from dashboards.what_if.targets import TargetsDesk, told
from dashboards.what_if.what_if import place_of

_MOST_ROWS = 1_000
# Of the exams themselves a file has no more.
MOST_EXPORTED = 200_000


class WhatIfApi:
    """The endpoints of the what-if page. A question has targets in it, so it is sent by POST."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        may, post = Permission.ASK_ANALYTICS, ("POST",)
        return [
            allowed("/api/what-if/targets", self.targets, may),
            allowed("/api/what-if/targets", self.read, may, methods=post),
            allowed("/api/what-if", self.figures, may, methods=post),
            allowed("/api/what-if.{kind}", self.figures_file, may, methods=post),
            allowed("/api/what-if/exams", self.exams, may, methods=post),
            allowed("/api/what-if/exams.{kind}", self.exams_file, may, methods=post),
        ]

    async def targets(self, request: Request) -> Response:
        """The targets in force now, and what a target may say."""
        desk = self._desk()
        return answer(
            request,
            {
                "targets": [told(target) for target in desk.in_force()],
                "intervals": [interval_words(name) for name in desk.intervals],
                "priorities": desk.priorities,
                "patient_classes": desk.patient_classes,
            },
        )

    async def read(self, request: Request) -> Response:
        """The targets in a file, as the page edits them."""
        sent = await read_text_fields(request, ("targets",))
        try:
            found = self._desk().read(sent["targets"] or "")
        except BadQuestion as error:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
        return JsonResponse({"targets": [told(target) for target in found]})

    async def figures(self, request: Request) -> Response:
        """Both sides: all exams, then by interval, modality, priority and hour."""
        question = await self._question(request)
        rows = await self._services.what_ifs.figures(question)
        return JsonResponse({**question.reading(), "rows": rows})

    async def figures_file(self, request: Request) -> Response:
        """The same rows as a file."""
        question = await self._question(request)
        return await self._file(request, question, "figures", await self._services.what_ifs.figures(question))

    async def exams(self, request: Request) -> Response:
        """One page of the exams that change sides."""
        asked, question = request.query_params, await self._question(request)
        limit = read_limit(asked, 100, _MOST_ROWS)
        found = await self._services.what_ifs.changed(question, read_place(asked), limit + 1)
        page = found[:limit]
        cursor = write_cursor(place_of(page[-1])) if len(found) > limit else None
        return JsonResponse({**question.reading(), "rows": page, "next_cursor": cursor})

    async def exams_file(self, request: Request) -> Response:
        """The same as a file, at most MOST_EXPORTED of them."""
        question = await self._question(request)
        rows = await self._services.what_ifs.changed(question, None, MOST_EXPORTED)
        return await self._file(request, question, "exams", rows)

    async def _question(self, request: Request) -> WhatIf:
        """Raises HTTPException (422 and what `read_text_fields` raises)."""
        clock, desk = self._services.clock, self._desk()
        sent = await read_text_fields(request, MEMBERS)
        try:
            return read_what_if(sent, desk, clock.today(), clock.zone())
        except BadQuestion as error:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None

    def _desk(self) -> TargetsDesk:
        desk = self._services.config.targets_desk
        if desk is None:
            raise HTTPException(HTTPStatus.NOT_IMPLEMENTED, "This dashboard knows no targets.")
        return desk

    async def _file(self, request: Request, question: WhatIf, part: str, rows: list[Json]) -> Response:
        name = f"what-if-{part}-{question.period.first}-{question.period.last}"
        return await exported(request, self._services, name, rows)
