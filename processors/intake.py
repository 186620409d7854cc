"""What was fetched from the log and is not folded yet: bounded.

The consumer puts whole fetches of a partition in, the fold takes them out in one go. How much it takes
follows from how far it is behind: what came while it folded is the next batch, up to the bounds.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from processors.fold import LogRecord


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one fetch gave of one partition, in order; never empty.

    rebalances: how many the worker had seen begin when the fetch began.
    """

    rebalances: int
    partition: int
    records: Sequence[LogRecord]

    @property
    def size_bytes(self) -> int:
        """Of keys and values."""
        return sum(len(record.key or b"") + len(record.value or b"") for record in self.records)

    @property
    def next_offset(self) -> int:
        """The offset to commit once all of it is folded."""
        return self.records[-1].offset + 1


class Intake:
    """A queue of fetches between the consumer and the fold, both on one event loop."""

    def __init__(self, max_events: int, max_bytes: int) -> None:
        """More is not fetched while it holds `max_events` or `max_bytes`; one fetch may exceed them."""
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._queue: deque[tuple[Fetched, int]] = deque()
        self._events = 0
        self._bytes = 0
        self._filled = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._wanted = 0
        self._has_many = asyncio.Event()

    @property
    def events(self) -> int:
        """How many wait."""
        return self._events

    @property
    def is_full(self) -> bool:
        """Whether the consumer has to wait."""
        return self._events >= self._max_events or self._bytes >= self._max_bytes

    def put(self, fetched: Fetched) -> None:
        """Add a fetch."""
        size_bytes = fetched.size_bytes
        self._queue.append((fetched, size_bytes))
        self._events += len(fetched.records)
        self._bytes += size_bytes
        self._filled.set()
        if self._events >= self._wanted or self.is_full:
            self._has_many.set()
        if self.is_full:
            self._has_room.clear()

    async def wait_for_some(self) -> None:
        """Return when something waits."""
        await self._filled.wait()

    async def wait_for_many(self, events: int, timeout_s: float) -> None:
        """Return when so many wait, or there is no room for more, at the latest after `timeout_s`."""
        self._wanted = min(events, self._max_events)
        if self._events >= self._wanted or self.is_full:
            return
        self._has_many.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._has_many.wait(), timeout_s)

    async def wait_for_room(self, timeout_s: float) -> bool:
        """Whether there is room, at the latest after `timeout_s`."""
        if not self._has_room.is_set():
            try:
                await asyncio.wait_for(self._has_room.wait(), timeout_s)
            except TimeoutError:
                return False
        return True

    def take(self, events: int) -> list[Fetched]:
        """What came first, up to `events`, but for the last fetch."""
        taken: list[Fetched] = []
        while self._queue and events > 0:
            fetched, size_bytes = self._queue.popleft()
            taken.append(fetched)
            events -= len(fetched.records)
            self._events -= len(fetched.records)
            self._bytes -= size_bytes
        if not self._queue:
            self._filled.clear()
        if not self.is_full:
            self._has_room.set()
        return taken

    def clear(self) -> None:
        """Forget all that waits."""
        self._queue.clear()
        self._events = self._bytes = 0
        self._filled.clear()
        self._has_room.set()
