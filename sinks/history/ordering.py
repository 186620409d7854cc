"""Partitions as one stream in the order of time, and the time that passes between two of its messages. Pure,
but for the clock that is handed in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from heapq import merge
from operator import itemgetter
from typing import TypeVar

Item = TypeVar("Item")
_SECOND_US = 1_000_000


def in_order_of_time(streams: Iterable[Iterable[Item]], at_us: Callable[[Item], int]) -> Iterator[Item]:
    """All items, those of each stream in the order that they have there; over the streams, by `at_us`.

    An item that stands behind a later one of its own stream takes that one's time. Of each stream one item
    is held.
    """
    timed = [_never_back(stream, at_us) for stream in streams]
    return map(itemgetter(1), merge(*timed, key=itemgetter(0)))


def _never_back(stream: Iterable[Item], at_us: Callable[[Item], int]) -> Iterator[tuple[int, Item]]:
    latest_us = 0
    for item in stream:
        latest_us = max(latest_us, at_us(item))
        yield latest_us, item


class Pace:
    """Lets time pass as it did, `speed` times as fast; from the first instant on that it is told of."""

    def __init__(
        self,
        speed: float,
        now_s: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._speed = speed
        self._now_s = now_s
        self._sleep = sleep
        self._origin: tuple[float, int] | None = None

    def left_s(self, at_us: int) -> float:
        """How long it is until it is the instant `at_us`."""
        if self._origin is None:
            self._origin = (self._now_s(), at_us)
        began_s, first_us = self._origin
        return (at_us - first_us) / _SECOND_US / self._speed - (self._now_s() - began_s)

    def await_instant(self, at_us: int) -> None:
        """Return when it is that instant; at once where it is over."""
        if (left_s := self.left_s(at_us)) > 0:
            self._sleep(left_s)
