"""The JSON API of dead letters: listed, shown, driven again, dismissed; one or all of a filter."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.errors import NotRecorded
from dashboards.access.roles import Permission
from dashboards.access.routes import allowed, current_user
from dashboards.answers import JsonResponse, answer
from dashboards.dead_letters.desk import Letter
from dashboards.dead_letters.listing import LetterQuestion, page, read_question, told
from dashboards.dead_letters.office import ACTIONS, RunUnderWay
from dashboards.json_body import read_text_fields
from dashboards.paging import read_limit, read_place
from dashboards.services import Services
from dashboards.sight import Withheld
from schemas.audit_codes import EXPORT

_MANAGE = Permission.MANAGE_DEAD_LETTERS
_MOST_LETTERS = 500
_POST = ("POST",)


class DeadLettersApi:
    """The endpoints of dead letters."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services
        self._office = services.office

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        return [
            allowed("/api/deadletters", self.listed, _MANAGE),
            allowed("/api/deadletters/runs", self.start_run, _MANAGE, methods=_POST),
            allowed("/api/deadletters/runs/{run_id}", self.run, _MANAGE),
            allowed("/api/deadletters/{letter_id}", self.letter, _MANAGE),
            allowed("/api/deadletters/{letter_id}/payload", self.payload, _MANAGE),
            allowed("/api/deadletters/{letter_id}/{action}", self.act, _MANAGE, methods=_POST),
        ]

    async def listed(self, request: Request) -> Response:
        """One page of letters, the latest first; how many there are by state."""
        asked = request.query_params
        question, limit, after = read_question(asked), read_limit(asked, 50, _MOST_LETTERS), read_place(asked)
        return answer(request, page(await self._office.letters(), question, after, limit))

    async def letter(self, request: Request) -> Response:
        """All that is known of one letter but what was sealed."""
        letter = await self._letter(request)
        may_open = self._services.sights.expected(request).withheld is None
        return answer(request, {**told(letter), "may_open": may_open})

    async def payload(self, request: Request) -> Response:
        """What was sealed, as a file: it names patients. The access is in the audit topic before that."""
        letter = await self._letter(request)
        sight = await self._services.sights.of(request, EXPORT, f"dead letter {letter.dead_letter_id}")
        if sight.withheld is Withheld.NOT_RECORDED:
            raise NotRecorded(str(sight.reading()["why"]))
        if sight.withheld is not None:
            raise HTTPException(HTTPStatus.FORBIDDEN, f"It stays sealed. {sight.reading()['why']}")
        content = await self._office.payload(letter.dead_letter_id)
        headers = {"Content-Disposition": f'attachment; filename="{letter.dead_letter_id}"'}
        return Response(content, media_type="application/octet-stream", headers=headers)

    async def act(self, request: Request) -> Response:
        """Drive one letter again, or dismiss it; answered when that is in Kafka."""
        action = _action(request.path_params["action"])
        letter = await self._letter(request)
        outcome = await self._office.act(action, letter.dead_letter_id, current_user(request).name)
        return JsonResponse({**asdict(outcome), "taken": outcome.taken})

    async def start_run(self, request: Request) -> Response:
        """The same of every open letter that the filter takes, the oldest first; answered at once."""
        sent = await read_text_fields(request, ("action", "origin", "reason", "q"))
        action = sent["action"] or ""
        if action not in ACTIONS:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, f"action must be {' or '.join(ACTIONS)}.")
        question = LetterQuestion(origin=sent["origin"], reason=sent["reason"], text=sent["q"])
        letters = await self._office.letters(anew=True)
        ids = [letter.dead_letter_id for letter in reversed(letters) if question.takes(letter)]
        try:
            run = self._office.start(action, ids, current_user(request).name)
        except RunUnderWay as other:
            detail = f"A run goes on, at /api/deadletters/runs/{other.run_id}: wait for its end."
            raise HTTPException(HTTPStatus.CONFLICT, detail) from None
        response = JsonResponse(run.reading(), HTTPStatus.ACCEPTED)
        response.headers["Location"] = f"/api/deadletters/runs/{run.run_id}"
        return response

    async def run(self, request: Request) -> Response:
        """How far a run is, and what came of each letter; those that were not taken first."""
        run = self._office.run(request.path_params["run_id"])
        if run is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "No such run since the dashboard was started.")
        return answer(request, run.reading())

    async def _letter(self, request: Request) -> Letter:
        letter_id = request.path_params["letter_id"].lower()
        letter = await self._office.letter(letter_id)
        if letter is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, f"There is no dead letter {letter_id}.")
        return letter


def _action(name: str) -> str:
    if name not in ACTIONS:
        raise HTTPException(HTTPStatus.NOT_FOUND, f"There is {' and '.join(ACTIONS)}.")
    return name
