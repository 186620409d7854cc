"""The JSON API of the audit: who saw what, and who asked for that."""

from __future__ import annotations

from http import HTTPStatus

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.roles import Permission
from dashboards.access.routes import allowed, current_user
from dashboards.access.views import view_of
from dashboards.analytics import Row
from dashboards.answers import answer
from dashboards.audit.question import ACCESSES, KINDS, OUTCOMES, AuditQuestion, read_question
from dashboards.cards import Json
from dashboards.paging import read_limit, read_place, write_cursor
from dashboards.services import Services
from dashboards.trends.export import MEDIA_TYPES, as_file
from schemas.audit_codes import AUDIT_LOG_USED

_MOST_ROWS = 1_000
# A file has no more; who needs all of it asks by the day.
MOST_EXPORTED = 100_000


class AuditApi:
    """The endpoints of the audit page."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        return [
            allowed("/api/audit", self.accesses, Permission.SEE_AUDIT),
            allowed("/api/audit.{kind}", self.file, Permission.SEE_AUDIT),
        ]

    async def accesses(self, request: Request) -> Response:
        """One page of the accesses, the latest first."""
        asked, question = request.query_params, self._question(request)
        limit = read_limit(asked, 100, _MOST_ROWS)
        found = await self._found(request, question, read_place(asked), limit + 1)
        page = found[:limit]
        cursor = write_cursor((page[-1]["at"].isoformat(), page[-1]["id"])) if len(found) > limit else None
        return answer(request, {**question.reading(), "kinds": KINDS, "rows": page, "next_cursor": cursor})

    async def file(self, request: Request) -> Response:
        """The same as a file, at most MOST_EXPORTED."""
        question = self._question(request)
        kind, period = request.path_params["kind"], question.period
        if kind not in MEDIA_TYPES:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"There is {' and '.join(MEDIA_TYPES)}.")
        rows = await self._found(request, question, None, MOST_EXPORTED, f", as {kind}")
        name = f"audit-{period.first}-{period.last}.{kind}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(as_file(rows, kind), media_type=MEDIA_TYPES[kind], headers=headers)

    def _question(self, request: Request) -> AuditQuestion:
        clock = self._services.clock
        return read_question(request.query_params, clock.today(), clock.zone())

    async def _found(
        self,
        request: Request,
        question: AuditQuestion,
        after: tuple[str, str] | None,
        limit: int,
        form: str = "",
    ) -> list[Json]:
        """The rows, once it is recorded who asks for them. Raises NotRecorded, AnalyticsUnavailable."""
        view = view_of(request, current_user(request), AUDIT_LOG_USED, f"{question.told()}{form}")
        await anyio.to_thread.run_sync(self._services.access_log.record, view)
        rows = await self._services.analytics.ask(ACCESSES, question.parameters(after, limit))
        return [{**row, **_labels(row)} for row in rows]


def _labels(row: Row) -> Json:
    outcome = OUTCOMES.get(row["outcome"], "")
    return {"kind_label": KINDS.get(row["kind"], ""), "outcome_label": outcome}
