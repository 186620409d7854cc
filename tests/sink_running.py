"""A sink that delivers, in a thread of the test's process, and waiting for what it does."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

Deliver = Callable[[asyncio.Event, Callable[[], None]], Coroutine[Any, Any, None]]
"""A sink's `deliver` with its parts given: until the event, and it says when it is ready."""


@contextmanager
def delivering(deliver: Deliver) -> Iterator[None]:
    """It delivers inside the block, and has ended after it."""
    ready = threading.Event()
    handles: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def run() -> None:
        stop = asyncio.Event()
        handles.append((asyncio.get_running_loop(), stop))
        await deliver(stop, ready.set)

    thread = threading.Thread(target=lambda: asyncio.run(run()))
    thread.start()
    try:
        assert ready.wait(120)
        yield
    finally:
        loop, stop = handles[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(60)
        assert not thread.is_alive()


def until(
    condition: Callable[[], bool],
    what: str = "it did not happen",
    timeout_s: float = 60.0,
    every_s: float = 0.05,
) -> None:
    """Wait for it; `what` was missing where it never holds."""
    end_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end_s, what
        time.sleep(every_s)


# For what goes through a whole stack.
until_on_the_stack = partial(until, timeout_s=60.0, every_s=0.2)
