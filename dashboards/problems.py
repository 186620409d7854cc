"""Answers to what went wrong: problem documents (RFC 9457), and a page for a person with a browser."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import orjson
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.templating import Jinja2Templates

from dashboards.access.errors import NotRecorded
from dashboards.analytics import AnalyticsUnavailable
from dashboards.as_of.past import NotFolded
from dashboards.dead_letters.desk import DeskUnavailable
from dashboards.health.report import HealthUnknown
from dashboards.pictures.errors import NotAvailable, NotShown
from dashboards.questions import BadQuestion

log = structlog.get_logger("dashboard")

_TYPE = "urn:radstream:problem:"
_RETRY_AFTER_S = 5


class ProblemResponse(Response):
    """A problem document."""

    media_type = "application/problem+json"

    def __init__(self, status: int, *, detail: str, slug: str | None = None, **members: Any) -> None:
        """`slug` names the kind of problem where the status alone does not; `members` extend the document."""
        document = {
            "type": "about:blank" if slug is None else _TYPE + slug,
            "title": HTTPStatus(status).phrase if slug is None else slug.replace("-", " ").capitalize(),
            "status": status,
            "detail": detail,
            **members,
        }
        super().__init__(orjson.dumps(document), status)


class Problems:
    """What becomes of each exception: handlers for the application."""

    def __init__(self, templates: Jinja2Templates) -> None:
        """`templates` has the page `problem.html`."""
        self._templates = templates

    def handlers(self) -> Mapping[Any, Any]:
        """By the exception that they answer."""
        return {
            HTTPException: self.http,
            AnalyticsUnavailable: self.analytics_unavailable,
            BadQuestion: self.bad_question,
            DeskUnavailable: self.not_available,
            HealthUnknown: self.not_available,
            NotFolded: self.not_folded,
            NotShown: self.not_shown,
            NotAvailable: self.not_available,
            NotRecorded: self.not_recorded,
            Exception: self.unexpected,
        }

    async def http(self, request: Request, error: Exception) -> Response:
        """Not signed in, not found, method not allowed, and the like."""
        assert isinstance(error, HTTPException)  # noqa: S101 - it is registered for nothing else
        detail = error.detail
        if error.status_code == HTTPStatus.UNAUTHORIZED and _wants_page(request):
            asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/sign-in?next={quote(asked, safe='')}", HTTPStatus.SEE_OTHER)
        if detail == HTTPStatus(error.status_code).phrase:
            detail = f"{request.method} {request.url.path} is nothing that this server has."
        return self._answer(request, error.status_code, detail, headers=error.headers)

    async def bad_question(self, request: Request, error: Exception) -> Response:
        """A parameter that makes no sense."""
        return self._answer(request, HTTPStatus.BAD_REQUEST, str(error))

    async def analytics_unavailable(self, request: Request, error: Exception) -> Response:
        """ClickHouse is away: the board goes on without it."""
        assert isinstance(error, AnalyticsUnavailable)  # noqa: S101 - it is registered for nothing else
        return self._answer(
            request,
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"{error}. The board goes on without it; see that ClickHouse runs and can be reached.",
            headers={"Retry-After": str(_RETRY_AFTER_S)},
            slug="analytics-unavailable",
            unavailable_since=error.since,
        )

    async def not_folded(self, request: Request, error: Exception) -> Response:
        """What was cannot be told here."""
        return self._answer(request, HTTPStatus.NOT_IMPLEMENTED, f"{error}.", slug="no-as-of")

    async def not_shown(self, request: Request, error: Exception) -> Response:
        """An image of which no picture is made, whoever asks and however often."""
        assert isinstance(error, NotShown)  # noqa: S101 - it is registered for nothing else
        return self._answer(
            request, HTTPStatus.UNPROCESSABLE_ENTITY, f"{error}.", slug="no-picture", reason=error.slug
        )

    async def not_available(self, request: Request, error: Exception) -> Response:
        """A part that the answer needs is away."""
        headers = {"Retry-After": str(_RETRY_AFTER_S)}
        return self._answer(request, HTTPStatus.SERVICE_UNAVAILABLE, f"{error}.", headers=headers)

    async def not_recorded(self, request: Request, error: Exception) -> Response:
        """What is protected is not shown, since the audit topic cannot have it."""
        detail = f"{error}, so it is not shown: see that Kafka runs and can be reached."
        headers = {"Retry-After": str(_RETRY_AFTER_S)}
        status = HTTPStatus.SERVICE_UNAVAILABLE
        return self._answer(request, status, detail, headers=headers, slug="access-not-recorded")

    async def unexpected(self, request: Request, error: Exception) -> Response:
        """Our own fault: logged with its traceback by the server, told without it."""
        log.error("request_failed", path=request.url.path, error=type(error).__name__)
        detail = "The server made a mistake; its log says more."
        return self._answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, detail)

    def _answer(
        self,
        request: Request,
        status: int,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> Response:
        if _wants_page(request):
            context = {"status": status, "phrase": HTTPStatus(status).phrase, "detail": detail}
            response: Response = self._templates.TemplateResponse(request, "problem.html", context, status)
        else:
            response = ProblemResponse(status, detail=detail, **members)
        response.headers.update(headers or {})
        return response


def _wants_page(request: Request) -> bool:
    is_api = request.url.path.startswith("/api/") or request.url.path in {"/healthz", "/readyz", "/metrics"}
    return not is_api and "text/html" in request.headers.get("accept", "")
