"""The JSON API: what the pages show, for anyone."""

from __future__ import annotations

from dataclasses import asdict

from sse_starlette import EventSourceResponse
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.identity import identity_of
from dashboards.access.roles import Permission
from dashboards.access.routes import allowed, open_to_all
from dashboards.answers import JsonResponse, answer
from dashboards.as_of.caching import kept
from dashboards.cards import Json, card
from dashboards.choice import read_chosen
from dashboards.openapi import document
from dashboards.paging import read_limit
from dashboards.problems import ProblemResponse
from dashboards.questions import BadQuestion, read_day
from dashboards.services import Services
from dashboards.stream import Reader
from dashboards.stream_end import while_it_holds
from dashboards.worklist import MAX_LIMIT, Question, page, read_position
from schemas.audit_codes import PATIENT_RECORD, QUERY
from schemas.intervals import BY_NAME, INTERVALS

_PING_S = 15
# A reader that takes nothing for so long is gone: its connection is given up, not fed.
_SEND_TIMEOUT_S = 30.0


class Api:
    """The endpoints of one dashboard."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        return [
            allowed("/api/board", self.board, Permission.SEE_WORKLIST, takes_as_of=True),
            allowed("/api/worklist", self.worklist, Permission.SEE_WORKLIST, takes_as_of=True),
            allowed("/api/turnaround", self.turnaround, Permission.SEE_WORKLIST, takes_as_of=True),
            allowed("/api/today", self.today, Permission.SEE_WORKLIST, takes_as_of=True),
            allowed("/api/alerts", self.alerts, Permission.SEE_WORKLIST, takes_as_of=True),
            allowed("/api/check", self.check, Permission.SEE_WORKLIST),
            allowed("/api/stream", self.stream, Permission.SEE_WORKLIST),
            allowed("/api/openapi.json", self.openapi, Permission.SEE_WORKLIST),
            open_to_all("/healthz", self.healthz),
            open_to_all("/readyz", self.readyz),
        ]

    async def board(self, request: Request) -> Response:
        """Count and longest-waiting exam of each stage."""
        services = self._services
        patients = services.sights.expected(request).patients
        seen = await services.seen(request)
        columns = seen.board.by_stage()
        stages = [
            {
                "stage": stage,
                "exams": len(rows),
                "oldest": _oldest(card(rows[0], patients)) if rows else None,
            }
            for stage, rows in columns.items()
        ]
        told = {"site": services.config.site, "day": seen.now.date(), **seen.reading, "stages": stages}
        return kept(answer(request, told), seen.as_of, services.clock.now())

    async def worklist(self, request: Request) -> Response:
        """One page of the exams that are under way or were finished today."""
        question = _question(request)
        services = self._services
        seen = await services.seen(request)
        sight = await services.sights.of(request, QUERY, seen.told(question.told()))
        cards = (card(row, sight.patients, seen.due(row), seen.forecasts(row)) for row in seen.board)
        found = page(cards, question)
        return answer(
            request,
            {
                "items": found.items,
                "total": found.total,
                "next_cursor": found.next_cursor,
                "phi": sight.reading(),
                **seen.said(),
            },
        )

    async def turnaround(self, request: Request) -> Response:
        """Percentiles of one interval by modality and priority, of the exams that ended it on the day."""
        services, asked = self._services, request.query_params
        interval, chosen, day = _interval(request), read_chosen(asked), read_day(asked, "day")
        as_of = services.past.read(asked)
        if as_of is None:
            found = await services.turnaround.of_day(day or services.clock.today(), interval, chosen)
            return answer(request, found)
        day = day or services.past.day_of(as_of)
        exams = await services.past.turnaround(as_of, day)
        then = services.turnaround.then(day, interval, chosen, exams)
        told = answer(request, {**asdict(then), "as_of": as_of.reading()})
        return kept(told, as_of, services.clock.now())

    async def today(self, request: Request) -> Response:
        """What was done today until now, by the hour, beside the same weekday of the weeks before."""
        services = self._services
        interval, chosen = _interval(request), read_chosen(request.query_params)
        as_of = services.past.read(request.query_params)
        if as_of is None:
            return answer(request, await services.days.until(services.clock.now(), interval, chosen))
        exams = await services.past.turnaround(as_of)
        then = await services.days.then(as_of.at, interval, chosen, exams)
        return answer(request, {**asdict(then), "as_of": as_of.reading()})

    async def alerts(self, request: Request) -> Response:
        """The open alerts: what can still be kept first, the soonest due first; then what was missed."""
        seen = await self._services.seen(request)
        alerts = seen.alerts()
        known = {"clock": seen.reading["clock"], "loaded": alerts.loaded, **seen.said()}
        return answer(request, {**known, **alerts.reading()})

    async def check(self, request: Request) -> Response:
        """The last comparison of all turnaround times with those made from the events a second way."""
        return answer(request, self._services.check.reading())

    async def stream(self, request: Request) -> Response:
        """Server-sent events: `status`, `snapshot`, `delta`, `alerts`; of one exam with `?exam=`."""
        services = self._services
        exam_id = request.query_params.get("exam")
        what = "live board" if exam_id is None else "exam"
        sight = services.sights.expected(request)
        # A page that only follows the clock asks for an exam that there cannot be: nobody is seen.
        if exam_id is None or _names_an_exam(exam_id):
            row = None if exam_id is None else services.live.board.get(exam_id)
            sight = await services.sights.of(request, PATIENT_RECORD, what, exam_id, row)
        reader = Reader(services.live, sight, exam_id=exam_id)
        frames = reader.frames(request.headers.get("last-event-id"))
        sent = (frame.encoded async for frame in while_it_holds(frames, identity_of(request), sight))
        return EventSourceResponse(sent, ping=_PING_S, send_timeout=_SEND_TIMEOUT_S)

    async def openapi(self, request: Request) -> Response:
        """This API, for programs."""
        return answer(request, document(self._services.config.title))

    async def healthz(self, _: Request) -> Response:
        """Whether the process works; where not, it has to be started again."""
        if not self._services.feed_is_alive():
            return ProblemResponse(
                503, detail="The thread that reads Kafka has ended: restart the dashboard."
            )
        return JsonResponse({"alive": True})

    async def readyz(self, _: Request) -> Response:
        """Whether there is a board to show: the worklist was read to its end once."""
        live, analytics = self._services.live, self._services.analytics
        status = {
            "feed": live.feed.reading(),
            "exams": len(live.board),
            "analytics_away_since": analytics.away_since,
        }
        if not live.loaded:
            reason = live.feed.reason or "The worklist is being read from Kafka."
            return ProblemResponse(503, detail=reason, slug="not-ready", **status)
        return JsonResponse({"ready": True, **status})


def _names_an_exam(exam_id: str) -> bool:
    return "|" in exam_id


def _oldest(found: Json) -> Json:
    return {"exam_id": found["exam_id"], "since": found["since"]}


def _question(request: Request) -> Question:
    asked = request.query_params
    return Question(
        stage=asked.get("stage") or None,
        modality=asked.get("modality") or None,
        priority=asked.get("priority") or None,
        text=asked.get("q") or None,
        limit=read_limit(asked, 100, MAX_LIMIT),
        after=read_position(asked["cursor"]) if asked.get("cursor") else None,
    )


def _interval(request: Request) -> str:
    interval = request.query_params.get("interval", INTERVALS[0].name)
    if interval not in BY_NAME:
        raise BadQuestion(f"interval must be one of {', '.join(BY_NAME)}")
    return interval
