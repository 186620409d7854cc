"""The forecast of all exams and its record, made before they are asked for: a record takes seconds."""

from __future__ import annotations

import asyncio

from dashboards.analytics import Analytics, AnalyticsUnavailable
from dashboards.backlog.records import Records
from dashboards.choice import ALL_EXAMS
from dashboards.department import Clock
from dashboards.volume.volumes import Volumes

_EVERY_S = 60.0


async def keep_ahead(volumes: Volumes, records: Records, analytics: Analytics, clock: Clock) -> None:
    """For ever. What is fresh is left as it is; while ClickHouse is away nothing is made."""

    async def asks() -> Analytics:
        return analytics

    while True:
        await asyncio.sleep(_EVERY_S)
        try:
            known = await volumes.known(clock.now(), ALL_EXAMS, asks, instant=None)
            await records.of(known, ALL_EXAMS, {})
        except AnalyticsUnavailable:
            continue
