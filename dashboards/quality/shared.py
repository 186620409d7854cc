"""Questions that several figures and several readers ask at about the same time are asked once."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

from dashboards.analytics import Asks, Row

# The summary asks what the figures below it ask; every open page asks again each half minute.
_SAME_FOR_S = 5.0
_MOST = 64

_Key = tuple[str, tuple[tuple[str, object], ...]]


class SharedQuestions:
    """One event loop owns it."""

    def __init__(self, analytics: Asks) -> None:
        """Nothing is asked yet."""
        self._analytics = analytics
        self._asked: dict[_Key, tuple[float, asyncio.Task[Sequence[Row]]]] = {}

    async def ask(self, sql: str, parameters: Mapping[str, object]) -> Sequence[Row]:
        """Rows by column name, as of a few seconds ago at most. Raises AnalyticsUnavailable."""
        key = sql, tuple(sorted(parameters.items()))
        began_s, task = self._asked.get(key, (0.0, None))
        if task is None or time.monotonic() - began_s > _SAME_FOR_S or _has_failed(task):
            task = asyncio.create_task(self._ask(sql, parameters))
            task.add_done_callback(_has_failed)  # a failure that nobody waits for any more is no warning
            self._asked[key] = time.monotonic(), task
            self._forget()
        # Whoever leaves does not take the question away from the others.
        return await asyncio.shield(task)

    async def _ask(self, sql: str, parameters: Mapping[str, object]) -> Sequence[Row]:
        return await self._analytics.ask(sql, parameters)

    def _forget(self) -> None:
        while len(self._asked) > _MOST:
            self._asked.pop(next(iter(self._asked)))


def _has_failed(task: asyncio.Task[Sequence[Row]]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
