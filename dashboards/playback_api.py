"""The JSON API of playing a day back: all of it in one answer, so that a page moves in it by itself."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.roles import Permission
from dashboards.access.routes import allowed
from dashboards.answers import answer
from dashboards.as_of.instant import AsOf, read_sense
from dashboards.as_of.playback import STEP, Cards
from dashboards.as_of.seen import told_of
from dashboards.cards import Json
from dashboards.department import day_bounds, reading_at
from dashboards.patients import Patients
from dashboards.questions import BadQuestion
from dashboards.services import Services
from schemas.audit_codes import PATIENT_RECORD

STEPS_MIN = (1, 2, 5, 10, 15, 30, 60)


class PlaybackApi:
    """The endpoint of the board's slider."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        return [allowed("/api/playback", self.playback, Permission.SEE_WORKLIST, takes_as_of=True)]

    async def playback(self, request: Request) -> Response:
        """The day that `as_of` lies in, or today: the board as it began, and what changed step by step."""
        services, clock = self._services, self._services.clock
        step, sense = _step(request), read_sense(request.query_params)
        now = clock.now().astimezone(UTC)
        as_of = services.past.read(request.query_params) or AsOf(now, sense)
        sight = await services.sights.of(request, PATIENT_RECORD, f"day of the board, {as_of.told()}")
        start, end = day_bounds(services.past.day_of(as_of), clock.zone())
        last = min(end - timedelta(microseconds=1), max(now, as_of.at))
        frames = await self._frames(AsOf(last, sense), step, as_of.at, sight.patients)
        is_empty = not any(frame["rows"] for frame in frames if frame["at"] <= as_of.at)
        local = as_of.at.astimezone(clock.zone())
        told = {
            "as_of": await told_of(as_of, services.past, is_empty=is_empty),
            "clock": reading_at(local, speed=0.0),
            "day": local.date(),
            "start": start,
            "end": end,
            "known_until": last,
            "step_s": int(step.total_seconds()),
            "frames": frames,
            "phi": sight.reading(),
        }
        return answer(request, told)

    async def _frames(self, last: AsOf, step: timedelta, also: datetime, patients: Patients) -> list[Json]:
        found = await self._services.past.frames(last, step, also)
        cards = Cards(patients)
        told: list[Json] = []
        for frame in found:
            made = cards.frame(frame)
            if not told or made["rows"] or made["gone"]:
                told.append(made)
            await asyncio.sleep(0)  # the live boards go on meanwhile
        return told


def _step(request: Request) -> timedelta:
    text = request.query_params.get("step_min") or str(int(STEP / timedelta(minutes=1)))
    if text not in map(str, STEPS_MIN):
        raise BadQuestion(f"step_min must be one of {', '.join(map(str, STEPS_MIN))}")
    return timedelta(minutes=int(text))
