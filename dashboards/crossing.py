"""From a feed's thread to the event loop that owns the board."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic

from dashboards.live import ChangeOf, FeedStatus, Live, Row

_LOOK_EVERY_S = 0.5


@dataclass(frozen=True)  # no slots: see ChangeOf
class TopicOf(Generic[Row]):
    """What `live` does with one topic.

    apply: takes what was said. loaded: the topic was read to its end, and has these keys. report: how its
    feed stands; None where another's tells it as well, since all are read from one Kafka.
    """

    apply: Callable[[Sequence[ChangeOf[Row]]], None]
    loaded: Callable[[frozenset[str]], None]
    report: Callable[[FeedStatus], None] | None = None


class Crossing(Generic[Row]):
    """Does in the loop what a feed asks for, and lets the feed wait until it is done.

    The feed is held up by the loop, so that nothing piles up between the two.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        live: Live,
        topic: TopicOf[Row],
        prepare: Callable[[Sequence[ChangeOf[Row]]], None] = lambda _: None,
    ) -> None:
        """`live` belongs to `loop`. `prepare`: done in the feed's thread, where it may wait."""
        self._loop = loop
        self._live = live
        self._topic = topic
        self._prepare = prepare

    def _in_loop(self, act: Callable[[], None]) -> None:
        done: concurrent.futures.Future[None] = concurrent.futures.Future()

        def run() -> None:
            try:
                act()
            except Exception as error:  # noqa: BLE001 - it belongs to the thread that asked
                done.set_exception(error)
            else:
                done.set_result(None)

        try:
            self._loop.call_soon_threadsafe(run)
        except RuntimeError:
            return  # the loop is closed: the process is ending
        while not self._live.closed:
            try:
                done.result(_LOOK_EVERY_S)
            except concurrent.futures.TimeoutError:
                continue
            return

    def take(self, changes: Sequence[ChangeOf[Row]]) -> None:
        """See Taker."""
        self._prepare(changes)
        self._in_loop(lambda: self._topic.apply(changes))

    def load_finished(self, keys: frozenset[str]) -> None:
        """See Taker."""
        self._in_loop(lambda: self._topic.loaded(keys))

    def report(self, status: FeedStatus) -> None:
        """See Taker."""
        if self._topic.report is not None:
            self._in_loop(partial(self._topic.report, status))
