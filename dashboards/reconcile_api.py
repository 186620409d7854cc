"""The API of reconciling: where an exam's images may belong, and saying so."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.roles import Permission
from dashboards.access.routes import allowed, current_user
from dashboards.answers import JsonResponse, answer
from dashboards.candidates import find
from dashboards.cards import card
from dashboards.problems import ProblemResponse
from dashboards.reconciliation import MOST_ID, Impossible, Malformed, NotSaid, read_asked
from dashboards.services import Services
from schemas.audit_codes import QUERY

_PATH = "/api/exams/{exam_id:path}/reconciliation"
_MOST_BYTES = 4_096
_RETRY_AFTER_S = 5


class ReconcileApi:
    """The endpoints of one dashboard."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        return [
            allowed(_PATH, self.candidates, Permission.RECONCILE),
            allowed(_PATH, self.reconcile, Permission.RECONCILE, methods=("POST",)),
        ]

    async def candidates(self, request: Request) -> Response:
        """The exams that the images may belong to; `q` asks for an accession number or an exam_id."""
        services = self._services
        exam_id = request.path_params["exam_id"]
        row, _ = await services.exam(exam_id)
        text = request.query_params.get("q", "").strip()[:MOST_ID]
        found = await find(row, text, services.live, services.history)
        sight = await services.sights.of(request, QUERY, "candidates", exam_id)
        told = [{**card(one.row, sight.patients), "reasons": one.reasons} for one in found.candidates]
        content = {
            "exam_id": exam_id,
            "reconciled_into": row.reconciled_into,
            "candidates": told,
            "joined": found.joined,
            "complete": found.complete,
            "phi": sight.reading(),
        }
        return answer(request, content)

    async def reconcile(self, request: Request) -> Response:
        """Say that the images belong to `into`, or with `undo` that they do not; Kafka has it then."""
        desk = self._services.desk
        if desk is None:
            raise HTTPException(HTTPStatus.NOT_IMPLEMENTED, "This dashboard reads only: it says nothing.")
        exam_id, by = request.path_params["exam_id"], current_user(request).name
        try:
            asked = read_asked(await _body(request), exam_id)
            event_ids = await desk.decide(exam_id, asked, by)
        except Malformed as error:
            return ProblemResponse(HTTPStatus.UNPROCESSABLE_ENTITY, detail=f"{error}.")
        except Impossible as error:
            return ProblemResponse(HTTPStatus.CONFLICT, detail=f"{error}.", slug="cannot-reconcile")
        except NotSaid as error:
            return _not_said(error)
        said = {"reconciled": not asked.undo, "from_exam_id": exam_id, "into_exam_id": asked.into}
        return JsonResponse({**said, "event_ids": event_ids})


def _not_said(error: NotSaid) -> Response:
    detail = f"Kafka did not acknowledge it ({error}). Ask again: to say it twice is to say it once."
    problem = ProblemResponse(HTTPStatus.SERVICE_UNAVAILABLE, detail=detail, slug="not-said")
    problem.headers["Retry-After"] = str(_RETRY_AFTER_S)
    return problem


async def _body(request: Request) -> Any:
    """The JSON of a request. Raises HTTPException (413, 415), Malformed."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "The body is application/json.")
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > _MOST_BYTES:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"At most {_MOST_BYTES} bytes.")
    try:
        return orjson.loads(bytes(body))
    except orjson.JSONDecodeError:
        raise Malformed("the body is no JSON") from None
