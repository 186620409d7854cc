"""From a feed's thread to the event loop that owns the board."""

from __future__ import annotations

import asyncio
import concurrent.futures
from collections.abc import Callable, Sequence

from dashboards.live import AlertChange, DueChange, FeedStatus, Live, PredictionChange, RowChange
from schemas.views import WorklistRow

_LOOK_EVERY_S = 0.5


class _Crossing:
    """Does in the loop what a feed asks for, and lets the feed wait until it is done.

    The feed is held up by the loop, so that nothing piles up between the two.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, live: Live) -> None:
        """`live` belongs to `loop`."""
        self._loop = loop
        self._live = live

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


class Crossing(_Crossing):
    """Of the worklist's feed."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, live: Live, prepare: Callable[[list[WorklistRow]], None]
    ) -> None:
        """`prepare`: done in the feed's thread, where it may wait."""
        super().__init__(loop, live)
        self._prepare = prepare

    def take(self, changes: Sequence[RowChange]) -> None:
        """See Taker."""
        self._prepare([change.row for change in changes if change.row is not None])
        self._in_loop(lambda: self._live.apply(changes))

    def load_finished(self, exam_ids: frozenset[str]) -> None:
        """See Taker."""
        self._in_loop(lambda: self._live.load_finished(exam_ids))

    def report(self, status: FeedStatus) -> None:
        """See Taker."""
        self._in_loop(lambda: self._live.report(status))


class AlertCrossing(_Crossing):
    """Of the alerts' feed. How that stands, the worklist's tells as well: both are read from one Kafka."""

    def take(self, changes: Sequence[AlertChange]) -> None:
        """See Taker."""
        self._in_loop(lambda: self._live.apply_alerts(changes))

    def load_finished(self, alert_ids: frozenset[str]) -> None:
        """See Taker."""
        self._in_loop(lambda: self._live.alerts_loaded(alert_ids))

    def report(self, status: FeedStatus) -> None:
        """See Taker."""


class DueCrossing(_Crossing):
    """Of the feed of what is due. How that stands, the worklist's tells as well."""

    def take(self, changes: Sequence[DueChange]) -> None:
        """See Taker."""
        self._in_loop(lambda: self._live.apply_due(changes))

    def load_finished(self, exam_ids: frozenset[str]) -> None:
        """See Taker."""
        self._in_loop(lambda: self._live.due_loaded(exam_ids))

    def report(self, status: FeedStatus) -> None:
        """See Taker."""


class PredictionCrossing(_Crossing):
    """Of the feed of forecasts. How that stands, the worklist's tells as well."""

    def take(self, changes: Sequence[PredictionChange]) -> None:
        """See Taker."""
        self._in_loop(lambda: self._live.apply_predictions(changes))

    def load_finished(self, prediction_ids: frozenset[str]) -> None:
        """See Taker."""
        self._in_loop(lambda: self._live.predictions_loaded(prediction_ids))

    def report(self, status: FeedStatus) -> None:
        """See Taker."""
