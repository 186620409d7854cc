"""What this process knows at the moment, and who waits to hear of it."""

from __future__ import annotations

import asyncio
import uuid
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Generic, TypeVar

from dashboards.board import Board
from dashboards.department import Clock
from dashboards.forecasts import Forecasts
from dashboards.frames import SharedFrames
from dashboards.open_alerts import OpenAlerts
from dashboards.reconciliation import Standing, standing
from schemas.views import AlertRow, DueRow, PredictionRow, WorklistRow

# Exams whose images belong to another one: the ones said of last are known here, older ones ClickHouse has.
_REMEMBERED_MOVED = 10_000


class FeedState(StrEnum):
    """How far the worklist topic was read."""

    CONNECTING = "connecting"
    LOADING = "loading"
    LIVE = "live"
    STALE = "stale"


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """The state of the feed. `heard_at`: when Kafka last gave an answer, by the wall clock, UTC."""

    state: FeedState
    heard_at: datetime | None = None
    reason: str | None = None

    def reading(self) -> dict[str, object]:
        """As pages get it; the age is in seconds of the wall clock."""
        age_s = None if self.heard_at is None else (datetime.now(UTC) - self.heard_at).total_seconds()
        return {"state": self.state, "heard_at": self.heard_at, "age_s": age_s, "reason": self.reason}


Row = TypeVar("Row", bound=WorklistRow | AlertRow | DueRow | PredictionRow)


@dataclass(frozen=True)  # no slots: a frozen generic with them cannot be made under an alias (Python 3.11)
class ChangeOf(Generic[Row]):
    """What a compacted topic says of one key: its row, or None where it was taken out."""

    key: str
    row: Row | None


# Of an exam, of an alert, of what an exam has to reach next, of when it will.
RowChange = ChangeOf[WorklistRow]
AlertChange = ChangeOf[AlertRow]
DueChange = ChangeOf[DueRow]
PredictionChange = ChangeOf[PredictionRow]


class Live:
    """The board and the feed's status. One event loop owns it."""

    def __init__(self, board: Board, clock: Clock) -> None:
        """A new life: revisions of an earlier one mean nothing in it."""
        self.board = board
        self.alerts = OpenAlerts()
        self.due: dict[str, DueRow] = {}
        self.forecasts = Forecasts()
        self.moved: OrderedDict[str, Standing] = OrderedDict()
        self.clock = clock
        self.frames = SharedFrames()
        self.life = uuid.uuid4().hex[:12]
        self.feed = FeedStatus(FeedState.CONNECTING)
        self.loaded = False
        self.closed = False
        self._news = asyncio.Event()

    def apply(self, changes: Sequence[RowChange]) -> None:
        """Take what the topic said into the board."""
        self.board.advance(self.clock.start_of_today())
        for change in changes:
            if change.row is None:
                self.board.remove(change.key)
            else:
                self.board.put(change.row)
            self._note_moved(change)
        self._tell()

    def _note_moved(self, change: RowChange) -> None:
        self.moved.pop(change.key, None)
        if change.row is not None and change.row.reconciled_into:
            self.moved[change.key] = standing(change.row)
            if len(self.moved) > _REMEMBERED_MOVED:
                self.moved.popitem(last=False)

    def apply_alerts(self, changes: Sequence[AlertChange]) -> None:
        """Take what the topic of alerts said."""
        for change in changes:
            self.alerts.put(change.key, change.row)
        self._tell()

    def apply_due(self, changes: Sequence[DueChange]) -> None:
        """Take what the topic said is due next of exams."""
        for change in changes:
            if change.row is None:
                self.due.pop(change.key, None)
            else:
                self.due[change.key] = change.row
        self.show_again([change.key for change in changes])

    def due_loaded(self, exam_ids: frozenset[str]) -> None:
        """The topic of what is due was read to its end: what it no longer holds is no longer so."""
        gone = self.due.keys() - exam_ids
        self.apply_due([DueChange(exam_id, None) for exam_id in gone])

    def apply_predictions(self, changes: Sequence[PredictionChange]) -> None:
        """Take what the topic forecasts."""
        self.show_again(list({self.forecasts.put(change.key, change.row) for change in changes}))

    def predictions_loaded(self, prediction_ids: frozenset[str]) -> None:
        """The topic of forecasts was read to its end."""
        self.show_again(self.forecasts.retain(prediction_ids))

    def alerts_loaded(self, alert_ids: frozenset[str]) -> None:
        """The topic of alerts was read to its end."""
        self.alerts.retain(alert_ids)
        self.alerts.loaded = True
        self._tell()

    def load_finished(self, exam_ids: frozenset[str]) -> None:
        """The topic was read to its end: what it no longer holds leaves the board."""
        self.board.retain(exam_ids)
        self.loaded = True
        self._tell()

    def report(self, status: FeedStatus) -> None:
        """Take the feed's status."""
        changed = self.feed.state is not status.state
        self.feed = status
        if changed:
            self._tell()

    def pass_time(self) -> None:
        """Let yesterday's finished exams leave."""
        before = self.board.revision
        self.board.advance(self.clock.start_of_today())
        if self.board.revision != before:
            self._tell()

    def show_again(self, exam_ids: Sequence[str]) -> None:
        """What is shown of these exams is no longer so, whatever the topic says."""
        if exam_ids:
            self.board.show_again(exam_ids)
            self._tell()

    def close(self) -> None:
        """Every reader ends."""
        self.closed = True
        self._tell()

    async def news(self, timeout_s: float) -> bool:
        """Wait until anything changes; False where nothing did for `timeout_s`."""
        try:
            await asyncio.wait_for(self._news.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    def _tell(self) -> None:
        told, self._news = self._news, asyncio.Event()
        told.set()
