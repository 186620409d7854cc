"""The record of the last two weeks, made once a day: it takes a second or two of the processor."""

from __future__ import annotations

import asyncio
from collections import OrderedDict

import anyio.to_thread
import numpy as np

from dashboards.backlog.record import Record, record
from dashboards.cards import Json
from dashboards.choice import Chosen
from dashboards.volume.volumes import Known

_KEPT = 8


class Records:
    """Remembers the last ones. One event loop owns it, and one record is made at a time."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._known: OrderedDict[object, Record] = OrderedDict()

    async def of(self, known: Known, chosen: Chosen, said: Json) -> Record:
        """Of the exams that are `chosen`; said: what answers say of the instant, nothing where it is now."""
        key = (chosen, said.get("as_of", {}).get("sense"), known.days.today)
        if key not in self._known:
            async with self._lock:
                if key not in self._known:
                    self._known[key] = await anyio.to_thread.run_sync(_of_day, known)
        self._known.move_to_end(key)
        found = self._known[key]
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return found


def _of_day(known: Known) -> Record:
    """By what had been counted when the day began: so it is the same at all its instants."""
    counts = known.counts
    begins = int(np.searchsorted(counts.hours.day_numbers[: counts.now], known.days.today))
    return record(counts.until(begins), known.days)
