"""The JSON API of other staffing."""

from __future__ import annotations

from functools import partial
from http import HTTPStatus

import anyio
import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.roles import Permission
from dashboards.access.routes import allowed
from dashboards.answers import JsonResponse
from dashboards.choice import Chosen
from dashboards.json_body import read_text_fields
from dashboards.questions import BadQuestion
from dashboards.services import Services
from dashboards.trends.question import read_period
from dashboards.what_if.courses import courses
from dashboards.what_if.staffing import MEMBERS, read_change


class StaffingApi:
    """The endpoint of the what-if page's model; one model runs at a time."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services
        self._limit: anyio.CapacityLimiter | None = None

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        return [allowed("/api/what-if/staffing", self.staffing, Permission.ASK_ANALYTICS, methods=("POST",))]

    async def staffing(self, request: Request) -> Response:
        """Measured, modelled as it was, and modelled with the change."""
        clock, model = self._services.clock, self._services.config.staffing
        if model is None:
            raise HTTPException(HTTPStatus.NOT_IMPLEMENTED, "This dashboard has no model of the department.")
        sent = await read_text_fields(request, MEMBERS)
        given = {name: value for name, value in sent.items() if value}
        self._limit = self._limit or anyio.CapacityLimiter(1)
        try:
            change, period = read_change(given), read_period(given, clock.today())
            chosen = Chosen(site=given.get("site", ""))
            found = await courses(self._services.analytics, period, clock.zone(), chosen)
            ask = partial(model, found, change, period, clock.zone())
            told = await anyio.to_thread.run_sync(ask, limiter=self._limit)
        except BadQuestion as error:
            raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
        return JsonResponse({"period": period, **told})
