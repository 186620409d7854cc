"""The JSON API of where the data come from."""

from __future__ import annotations

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.roles import Permission
from dashboards.access.routes import allowed
from dashboards.analytics import AnalyticsUnavailable
from dashboards.answers import answer
from dashboards.services import Services


class ProvenanceApi:
    """What the badge of every page asks for."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        return [allowed("/api/provenance", self.provenance, Permission.SEE_WORKLIST)]

    async def provenance(self, request: Request) -> Response:
        """Whether there are invented events among what is shown, and from when to when they tell.

        While ClickHouse is away nobody knows: every page asks, and none shall fail for that.
        """
        try:
            found = await self._services.provenance.synthetic()
        except AnalyticsUnavailable:
            return answer(request, {"known": False, "synthetic": None})
        return answer(request, {"known": True, "synthetic": None if found is None else asdict(found)})
