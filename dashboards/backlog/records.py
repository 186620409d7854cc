"""The record of the last two weeks, made once a day: it takes seconds of the processor."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

import anyio.to_thread

from dashboards.backlog.record import Judged, record
from dashboards.volume.volumes import Known

_KEPT = 8


class Records:
    """Remembers the last ones. One event loop owns it, and one record is made at a time."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._known: OrderedDict[object, list[Judged]] = OrderedDict()

    async def of(self, known: Known, name: object) -> list[Judged]:
        """`name`: what tells this question from others on the same day."""
        key = (name, known.days.today)
        async with self._lock:
            if key not in self._known:
                self._known[key] = await anyio.to_thread.run_sync(record, known.counts, known.days)
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
            return self._known[key]
