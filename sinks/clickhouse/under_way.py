"""Batches on their way into the tables: one is being delivered, those behind it wait for their turn."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import NamedTuple, Self

from sinks.clickhouse.converted import Converted
from sinks.clickhouse.errors import Unavailable


class _Delivery(NamedTuple):
    converted: Converted
    future: Future[None]


class UnderWay:
    """Delivers batches in a thread, in their order, and none while the one before it is not delivered."""

    def __init__(self, deliver: Callable[[Converted], None]) -> None:
        self._deliver = deliver
        self._thread = ThreadPoolExecutor(1, "delivery")
        self._all: deque[_Delivery] = deque()

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(self, *_error: type[BaseException] | BaseException | TracebackType | None) -> None:
        """Wait for what is being delivered."""
        self._thread.shutdown(cancel_futures=True)

    def __len__(self) -> int:
        """How many were added, and not taken out."""
        return len(self._all)

    def add(self, converted: Converted) -> None:
        """It is next after all others."""
        before = self._all[-1].future if self._all else None
        future = self._thread.submit(self._deliver_after, before, converted)
        self._all.append(_Delivery(converted, future))

    def _deliver_after(self, before: Future[None] | None, converted: Converted) -> None:
        # A row that is tried again after the tombstone that came behind it would stay.
        if before is not None and before.exception() is not None:
            raise Unavailable("the batch before this one is not delivered")
        self._deliver(converted)

    def topics(self) -> set[str]:
        """Of what they are."""
        return {one.converted.batch.topic for one in self._all}

    def is_first_ready(self) -> bool:
        """Whether the first one was delivered, or cannot be now."""
        return bool(self._all) and self._all[0].future.done()

    def is_first_delivered(self) -> bool:
        """Wait for the first one."""
        wait([self._all[0].future])
        return self._all[0].future.exception() is None

    def take_first(self) -> Converted:
        """Wait for the first one, and take it out once it is delivered. Raises what its delivery raised."""
        self._all[0].future.result()
        return self._all.popleft().converted

    def take_all(self) -> Sequence[Converted]:
        """Take all of them out, where the first could not be delivered; none of them is any more."""
        taken = [one.converted for one in self._all]
        for one in self._all:
            one.future.cancel()
        self._all.clear()
        return taken
