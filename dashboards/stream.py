"""One reader's stream: the board once, then what changes: at once, but a few times a second at most.

Frames are made when the reader is ready for them, never kept for it: whatever happens meanwhile is in
the next one.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from dashboards.board import Changes
from dashboards.cards import Json, card
from dashboards.frames import Frame
from dashboards.live import Live
from dashboards.sight import Sight
from schemas.views import WorklistRow


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a reader hears from us.

    between_s: Least time between two frames; a change after a pause as long is told at once.
    status_s: Greatest time between two status frames; a reader that hears nothing for three times as
        long takes the connection for dead.
    delta_exams: More changed exams than this come as a snapshot.
    """

    between_s: float = 0.1
    status_s: float = 5.0
    delta_exams: int = 400


class Reader:
    """One stream of frames, of the whole board or of one exam."""

    def __init__(
        self, live: Live, sight: Sight, *, exam_id: str | None = None, pace: Pace | None = None
    ) -> None:
        """`sight`: what the reader sees of patients. `exam_id`: the one exam to hear of; None for all."""
        self._live = live
        self._sight = sight
        # Who comes back with another sight needs the whole board anew.
        self._life = live.life if sight.patients.shows_phi else f"{live.life}-pseudonyms"
        self._exam_id = exam_id
        self._pace = pace or Pace()
        self._seen = -1
        self._alerts_seen = -1

    async def frames(self, last_event_id: str | None = None) -> AsyncIterator[Frame]:
        """Frames until the process stops: first what was missed since `last_event_id`, or a snapshot."""
        self._seen = self._revision_of(last_event_id)
        yield self._status()
        feed, told_s = self._live.feed.state, time.monotonic()
        next_s = told_s
        while not self._live.closed:
            if self._has_anything():
                next_s = time.monotonic() + self._pace.between_s
            frame = self._next()
            if frame is not None:
                yield frame
            if self._has_alerts():
                yield self._alerts()
            if self._live.feed.state is not feed or time.monotonic() - told_s >= self._pace.status_s:
                feed, told_s = self._live.feed.state, time.monotonic()
                yield self._status()
            if not self._has_anything() and self._live.feed.state is feed and not self._live.closed:
                await self._live.news(max(0.0, told_s + self._pace.status_s - time.monotonic()))
            await asyncio.sleep(max(0.0, next_s - time.monotonic()))

    def _has_news(self) -> bool:
        # Half a board is no board: readers wait until the topic was read to its end once.
        return self._live.loaded and self._live.board.revision != self._seen

    def _has_anything(self) -> bool:
        return self._has_news() or self._has_alerts()

    def _has_alerts(self) -> bool:
        return self._live.alerts.loaded and self._live.alerts.revision != self._alerts_seen

    def _alerts(self) -> Frame:
        revision = self._alerts_seen = self._live.alerts.revision

        def made() -> Frame:
            return Frame("alerts", self._live.alerts.reading(self._exam_id))

        if self._exam_id is not None:
            return made()
        return self._live.frames.get(("alerts", revision, revision), made) or made()

    def _next(self) -> Frame | None:
        board = self._live.board
        if not self._has_news():
            return None
        seen, self._seen = self._seen, board.revision
        if self._exam_id is not None:
            return self._made(seen)
        return self._live.frames.get((self._life, seen, board.revision), lambda: self._made(seen))

    def _made(self, seen: int) -> Frame | None:
        changes = self._live.board.changes_since(seen, self._pace.delta_exams) if seen >= 0 else None
        return self._snapshot() if changes is None else self._delta(changes)

    def _snapshot(self) -> Frame:
        rows = [self._card(row) for row in self._live.board if self._concerns(row.exam_id)]
        return Frame("snapshot", {"rows": rows}, self._event_id())

    def _delta(self, changes: Changes) -> Frame | None:
        rows = [self._card(row) for row in changes.rows if self._concerns(row.exam_id)]
        gone = [exam_id for exam_id in changes.gone if self._concerns(exam_id)]
        if not rows and not gone:
            return None
        return Frame("delta", {"rows": rows, "gone": gone}, self._event_id())

    def _card(self, row: WorklistRow) -> Json:
        live, exam_id = self._live, row.exam_id
        return card(row, self._sight.patients, live.due.get(exam_id), live.forecasts.of(exam_id))

    def _status(self) -> Frame:
        live = self._live
        status = {"clock": live.clock.reading(), "feed": live.feed.reading(), "phi": self._sight.reading()}
        return Frame("status", status)

    def _concerns(self, exam_id: str) -> bool:
        return self._exam_id is None or exam_id == self._exam_id

    def _event_id(self) -> str:
        return f"{self._life}.{self._seen}"

    def _revision_of(self, event_id: str | None) -> int:
        life, _, revision = (event_id or "").partition(".")
        if life != self._life or not revision.isdecimal():
            return -1
        return int(revision)
