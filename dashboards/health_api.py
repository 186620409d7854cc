"""The JSON API of the pipeline's health."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dashboards.access.roles import Permission
from dashboards.access.routes import allowed
from dashboards.answers import answer
from dashboards.cards import Json
from dashboards.dead_letters.desk import DeskUnavailable
from dashboards.dead_letters.listing import hourly
from dashboards.health.open_metrics import MEDIA_TYPE, open_metrics
from dashboards.health.report import HealthReport, HealthUnknown
from dashboards.live import FeedState
from dashboards.services import Services

_HOURS = 24


class HealthApi:
    """The endpoints of the health page."""

    def __init__(self, services: Services) -> None:
        """Everything comes from `services`."""
        self._services = services

    def routes(self) -> list[Route]:
        """Paths and endpoints."""
        return [
            allowed("/api/health", self.health, Permission.SEE_HEALTH),
            allowed("/metrics", self.metrics, Permission.SEE_HEALTH),
        ]

    async def health(self, request: Request) -> Response:
        """Parts, lag, rates, dead letters by the hour, what happened, and this dashboard's own feed."""
        report, letters = await asyncio.gather(self.look(), self._letters())
        return answer(request, {**_told(report), "dead_letters": letters, "dashboard": self._own()})

    async def metrics(self, _: Request) -> Response:
        """The same for Prometheus, which sends a token."""
        report, letters = await asyncio.gather(self.look(), self._letters())
        live = self._services.live
        text = open_metrics(
            report,
            open_letters=None if letters is None else letters["open"],
            feed_is_live=live.feed.state is FeedState.LIVE,
            exams=len(live.board),
        )
        return Response(text, media_type=MEDIA_TYPE)

    async def look(self) -> HealthReport:
        """The last look at the pipeline. Raises HealthUnknown."""
        ask = self._services.config.health
        if ask is None:
            raise HealthUnknown("This dashboard was given no way to look at the pipeline")
        return await asyncio.to_thread(ask)

    async def _letters(self) -> Json | None:
        """How many are open, and how many came in each hour of the last day; None where it is not known."""
        try:
            letters = await self._services.office.letters()
        except DeskUnavailable:
            return None
        now = self._services.clock.now()
        is_open = sum(letter.resolution is None for letter in letters)
        return {"open": is_open, "total": len(letters), "hours": hourly(letters, now, _HOURS)}

    def _own(self) -> Json:
        live, analytics = self._services.live, self._services.analytics
        return {
            "feed": live.feed.reading(),
            "exams": len(live.board),
            "analytics_away_since": analytics.away_since,
        }


def _told(report: HealthReport) -> Json:
    told = asdict(report)
    told["parts"] = [{**asdict(part), "serves": part.serves} for part in report.parts]
    told["lag"] = [{**asdict(one), "is_behind": one.is_behind} for one in report.lag]
    return told
