"""The counts behind a question: of now, or of an instant."""

from __future__ import annotations

from starlette.requests import Request

from dashboards.analytics import Asks
from dashboards.cards import Json
from dashboards.choice import read_chosen
from dashboards.services import Services
from dashboards.volume.volumes import Known


async def known_of(services: Services, request: Request) -> tuple[Known, Json]:
    """What is known, and what answers say of the instant.

    Raises BadQuestion, NotFolded, AnalyticsUnavailable.
    """
    asked = request.query_params
    as_of = services.past.read(asked)

    async def asks() -> Asks:
        return services.analytics if as_of is None else await services.past.asks(as_of)

    at = services.clock.now() if as_of is None else as_of.at
    key = None if as_of is None else as_of.told()
    known = await services.volumes.known(at, read_chosen(asked), asks, instant=key)
    return known, {} if as_of is None else {"as_of": as_of.reading()}
