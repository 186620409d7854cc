"""An answer that is remembered for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar, cast

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """Asked for anew when it is older than `for_s` seconds; who asks meanwhile waits for the same answer.

    An error is passed on, and not remembered. One event loop owns it.
    """

    def __init__(self, ask: Callable[[], Awaitable[Answer]], for_s: float) -> None:
        self._ask, self._for_s = ask, for_s
        self._lock = asyncio.Lock()
        self._known: Answer | None = None
        self._ask_again_s = 0.0

    async def now(self) -> Answer:
        """Raises what `ask` raises."""
        async with self._lock:
            if time.monotonic() >= self._ask_again_s:
                self._known = await self._ask()
                self._ask_again_s = time.monotonic() + self._for_s
            return cast("Answer", self._known)
