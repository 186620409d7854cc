"""The compacted topics that a dashboard follows, and what its live part does with each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.crossing import Crossing, TopicOf
from dashboards.feed import Source, Taker, TopicFeed
from dashboards.live import Live, Row, RowChange
from dashboards.worklist_topic import alert_change, due_change, prediction_change, row_change
from schemas.codec import Codec
from schemas.topics import ALERTS, DUE, PREDICTIONS, WORKLIST
from schemas.views import WorklistRow

Prepare = Callable[[list[WorklistRow]], None]
Connect = Callable[[], Codec]


def worklist_feed(bootstrap: str, connect: Connect, taker: Taker[WorklistRow]) -> TopicFeed[WorklistRow]:
    """Reads each exam as it stands."""
    return TopicFeed(Source(WORKLIST, row_change), bootstrap, connect, taker)


def worklist_crossing(loop: asyncio.AbstractEventLoop, live: Live, prepare: Prepare) -> Crossing[WorklistRow]:
    """From the worklist's feed to `live`; `prepare`: done in the feed's thread, where it may wait."""

    def prepare_rows(changes: Sequence[RowChange]) -> None:
        prepare([change.row for change in changes if change.row is not None])

    return Crossing(loop, live, TopicOf(live.apply, live.load_finished, live.report), prepare_rows)


@dataclass(frozen=True, slots=True)
class Feeds:
    """Makes the feeds of one dashboard. `connect` gives a codec, or raises SchemaError."""

    loop: asyncio.AbstractEventLoop
    live: Live
    bootstrap: str
    connect: Connect

    def all(self, prepare: Prepare) -> list[TopicFeed[Any]]:
        """Exams, alerts, what each exam has to reach next, and when it will; none is started."""
        live, worklist = self.live, worklist_crossing(self.loop, self.live, prepare)
        return [
            worklist_feed(self.bootstrap, self.connect, worklist),
            self._feed(Source(ALERTS, alert_change), TopicOf(live.apply_alerts, live.alerts_loaded)),
            self._feed(Source(DUE, due_change), TopicOf(live.apply_due, live.due_loaded)),
            self._feed(
                Source(PREDICTIONS, prediction_change),
                TopicOf(live.apply_predictions, live.predictions_loaded),
            ),
        ]

    def _feed(self, source: Source[Row], topic: TopicOf[Row]) -> TopicFeed[Row]:
        return TopicFeed(source, self.bootstrap, self.connect, Crossing(self.loop, self.live, topic))
