"""Blocking work beside the event loop that never keeps a process alive.

Threads of an executor are joined when the interpreter ends: one that waits for a peer which says nothing
would hold up SIGTERM for as long as its timeouts last.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Generic, TypeVar

T = TypeVar("T")


class DaemonWork(Generic[T]):
    """One call under way in a daemon thread of its own; made within a running event loop."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work = work
        self._loop = asyncio.get_running_loop()
        self._outcome: asyncio.Future[T] = self._loop.create_future()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    async def result(self) -> T:
        """What the call returned. Raises what it raised."""
        return await self._outcome

    def join(self, timeout_s: float) -> None:
        """Block until the call is over, at most `timeout_s`."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        settle: Callable[[], None]
        try:
            settle = partial(self._outcome.set_result, self._work())
        except Exception as error:  # noqa: BLE001 - whatever it is, the awaiting side gets it
            settle = partial(self._outcome.set_exception, error)
        with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._settle, settle)

    def _settle(self, settle: Callable[[], None]) -> None:
        if not self._outcome.done():
            settle()
