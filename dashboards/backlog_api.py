"""The JSON API of the backlog: what stands in line, when it clears, and when with other staffing."""

from __future__ import annotations

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.roles import Permission
from dashboards.access.routes import allowed
from dashboards.answers import answer
from dashboards.backlog.told import (
    ASSUMPTIONS,
    Told,
    change_of,
    history_of,
    queue_of,
    rows_of,
    told_of,
    unknown_modalities,
)
from dashboards.cards import Json
from dashboards.choice import read_chosen
from dashboards.exporting import exported
from dashboards.questions import BadQuestion
from dashboards.services import Services
from dashboards.volume.asked import known_of
from dashboards.volume.told import words_of
from dashboards.volume.volumes import Known
from dashboards.what_if.staffing import Change, read_change


class BacklogApi:
    """The endpoints of the backlog."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        may = Permission.ASK_ANALYTICS
        return [
            allowed("/api/forecast/backlog", self.backlog, may, takes_as_of=True),
            allowed("/api/forecast/backlog.{kind}", self.file, may, takes_as_of=True),
        ]

    async def backlog(self, request: Request) -> Response:
        """Each queue: who waits, when it clears, and how many will wait in each of the next 24 hours."""
        known, change, found, said = await self._found(request)
        synthetic = await self._services.provenance.synthetic()
        told = {
            "made_at": known.at,
            "is_synthetic": synthetic is not None,
            "change": {"readers": change.readers, "scanners": change.scanners},
            "assumptions": ASSUMPTIONS,
            "words": words_of(known) if known.volume is None else [],
            "modalities": known.counts.modalities[1:],
            "queues": [queue_of(one, known) for one in found],
            "history": history_of(known, found),
            "rows": list(rows_of(known, found)),
        }
        return answer(request, {**told, **said})

    async def file(self, request: Request) -> Response:
        """The hours as a file."""
        known, _, found, _ = await self._found(request)
        name = f"backlog-{known.at:%Y-%m-%dT%H%M}"
        return await exported(request, self._services, name, list(rows_of(known, found)))

    async def _found(self, request: Request) -> tuple[Known, Change, list[Told], Json]:
        asked = request.query_params
        change = read_change({name: asked.get(name) for name in ("readers", "scanners")})
        known, said = await known_of(self._services, request)
        unknown = unknown_modalities(known, change.scanners)
        if unknown and known.volume is not None:
            there_are = ", ".join(known.counts.modalities[1:])
            raise BadQuestion(f"no exam of {', '.join(unknown)} is known; there are {there_are}")
        if known.volume is None:
            return known, change, [], said
        more = change_of(change.readers, change.scanners)
        closer = (await self._services.records.of(known, read_chosen(asked), said)).closer
        # A tenth of a second of the processor: the pages do not wait for it.
        found = await anyio.to_thread.run_sync(told_of, known, known.volume, more, closer)
        return known, change, found, said
