"""What runs as long as the application does, beside the answers to requests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from dashboards.backlog.ahead import keep_ahead
from dashboards.feed import TopicFeed
from dashboards.live import Live
from dashboards.patients import Patients
from dashboards.services import Services

_PASS_TIME_EVERY_S = 1.0


@asynccontextmanager
async def running(services: Services, feeds: Sequence[TopicFeed[Any]]) -> AsyncIterator[None]:
    """Feeds and the department's clock go on inside the block; after it everything is closed."""
    live = services.live
    for feed in feeds:
        feed.start()
    ahead = keep_ahead(services.volumes, services.records, services.analytics, live.clock)
    tasks = [asyncio.create_task(one) for one in (_pass_time(live, services.patients), ahead)]
    yield
    for task in tasks:
        task.cancel()
    live.close()
    # Side by side: each may wait for a broker that is away.
    await asyncio.gather(*(asyncio.to_thread(feed.stop) for feed in feeds))
    services.office.close()
    services.gallery.close()
    services.access_log.close()
    services.analytics.close()
    services.access.close()


async def _pass_time(live: Live, patients: Patients) -> None:
    while True:
        live.pass_time()
        live.show_again(patients.erased_among(tuple(live.board)))
        await asyncio.sleep(_PASS_TIME_EVERY_S)
