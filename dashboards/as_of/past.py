"""The department as it was: read from the events in ClickHouse, and folded."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import anyio.to_thread

from dashboards.analytics import Analytics
from dashboards.as_of import sql
from dashboards.as_of.day import PastBoard, PastDay, PastFrame
from dashboards.as_of.exam_history import ExamHistory
from dashboards.as_of.folding import Folding
from dashboards.as_of.forecasts_made import ForecastsMade, by_milestone
from dashboards.as_of.instant import KEPT_FOR, AsOf, Sense, read_as_of
from dashboards.as_of.playback import instants
from dashboards.as_of.reading import histories
from dashboards.as_of.then_analytics import ThenAnalytics
from dashboards.department import Clock, day_bounds
from dashboards.questions import BadQuestion
from schemas.views import PredictionRow, TurnaroundRow, WorklistRow

_REMEMBERED_DAYS = 4
_MOST_DAYS_BACK = 31
# For so long a day is not read again, though more may be known of it by now.
_FRESH_S = 20.0


class NotFolded(Exception):
    """This dashboard has no fold, so it cannot tell what was."""


@dataclass(slots=True)
class _Slot:
    """A day as it was last read. One reads it, the others wait."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    day: PastDay | None = None
    read_s: float = 0.0
    is_settled: bool = False

    def holds(self, at: datetime) -> bool:
        lasts_s = KEPT_FOR.total_seconds() if self.is_settled else _FRESH_S
        is_fresh = time.monotonic() - self.read_s < lasts_s
        return self.day is not None and at <= self.day.loaded_until and is_fresh


class Past:
    """Remembers the last days that were asked for. Questions may raise AnalyticsUnavailable, NotFolded."""

    def __init__(self, analytics: Analytics, clock: Clock, folding: Folding | None) -> None:
        """Nothing is read yet. Without `folding` every question is refused."""
        self._analytics = analytics
        self._forecasts = ForecastsMade(analytics)
        self._clock = clock
        self._folding = folding
        self._slots: OrderedDict[tuple[Sense, date], _Slot] = OrderedDict()

    def read(self, asked: Mapping[str, str]) -> AsOf | None:
        """The instant that the parameters of a question name; None: now. Raises BadQuestion."""
        as_of = read_as_of(asked, self._clock.now())
        if as_of is not None:
            self.folding()
        return as_of

    def today(self, asked: Mapping[str, str]) -> date:
        """The day that a question is asked of where it names none. Raises BadQuestion, NotFolded."""
        as_of = self.read(asked)
        return self._clock.today() if as_of is None else self.day_of(as_of)

    def folding(self) -> Folding:
        """The fold. Raises NotFolded."""
        if self._folding is None:
            raise NotFolded("This dashboard was started without the fold: it shows what is, not what was")
        return self._folding

    def until(self, as_of: AsOf | None) -> sql.Until:
        """What of the log counts at the instant; all of it, now."""
        return sql.EVER if as_of is None else sql.until_then(as_of, self.folding())

    def day_of(self, as_of: AsOf) -> date:
        """The department's day that the instant lies in."""
        return as_of.at.astimezone(self._clock.zone()).date()

    async def day(self, as_of: AsOf) -> PastDay:
        """The day that the instant lies in, up to that instant at least."""
        slot = self._slot(as_of)
        async with slot.lock:
            if not slot.holds(as_of.at):
                now = self._clock.now().astimezone(UTC)
                start, end = day_bounds(self.day_of(as_of), self._clock.zone())
                until = AsOf(min(end, max(now, as_of.at)), as_of.sense)
                slot.read_s, slot.is_settled = time.monotonic(), until.is_settled(now)
                slot.day = await self._read(start, until)
            assert slot.day is not None  # noqa: S101 - it was read just now
            return slot.day

    async def board(self, as_of: AsOf) -> PastBoard:
        """The board at the instant."""
        asked = self._of_day(self._start_of(as_of), as_of)
        day, made = await asyncio.gather(self.day(as_of), self._forecasts.of_board(as_of.sense, asked))
        return await anyio.to_thread.run_sync(day.board, as_of.at, made)

    async def frames(self, last: AsOf, step: timedelta, also: datetime) -> list[PastFrame]:
        """The day up to the instant `last`, in steps, and at the instant `also`."""
        start = self._start_of(last)
        asked = self._of_day(start, last)
        day, made = await asyncio.gather(
            self.day(last), self._forecasts.of_frames(last.sense, asked, step, also)
        )
        at = instants(start, last.at, step, also)
        return await anyio.to_thread.run_sync(lambda: list(day.frames(at, made)))

    async def turnaround(self, as_of: AsOf, first: date | None = None) -> list[TurnaroundRow]:
        """The intervals that were known at the instant of exams of the days since `first`; None: of its day.

        Of exams that are not there nothing was said in these days. Raises BadQuestion.
        """
        back = 0 if first is None else (self.day_of(as_of) - first).days
        if back > _MOST_DAYS_BACK:
            raise BadQuestion(f"day must be at most {_MOST_DAYS_BACK} days before as_of")
        if first is None or back <= 0:
            day = await self.day(as_of)
        else:
            start, _ = day_bounds(first, self._clock.zone())
            day = await self._read(start, as_of)
        return await anyio.to_thread.run_sync(lambda: list(day.turnaround(as_of.at)))

    async def exam(self, exam_id: str, as_of: AsOf) -> ExamHistory | None:
        """One exam, whenever it was; None where nothing of it counted at the instant."""
        folding = self.folding()
        asked = {**sql.parameters(as_of, folding), "exam_id": exam_id}
        rows = await self._analytics.ask(sql.exam_events(as_of.sense), asked)
        return histories(rows, as_of.sense, folding).get(exam_id)

    async def forecasts(self, exam_id: str, row: WorklistRow, as_of: AsOf) -> Mapping[str, PredictionRow]:
        """What was forecast of one exam, by milestone to come; `row`: the exam as it was."""
        if not self.folding().coming(row):
            return {}
        made = await self._forecasts.of_exam(exam_id, as_of.at)
        return self.folding().standing(row, by_milestone(made))

    async def asks(self, as_of: AsOf) -> ThenAnalytics:
        """Who answers questions about the instant."""
        return ThenAnalytics(self._analytics, await self.day(as_of), as_of, self.folding())

    async def first_at(self, sense: Sense) -> datetime | None:
        """When the first event counts; None where there is none."""
        asked = sql.parameters(AsOf(datetime.now(UTC), sense), self.folding())
        (row,) = await self._analytics.ask(sql.first_event(sense), asked)
        first: datetime = row["first_at"]
        return first.replace(tzinfo=UTC) if row["events"] else None

    async def _read(self, start: datetime, until: AsOf) -> PastDay:
        folding = self.folding()
        rows = await self._analytics.ask(sql.board_events(until.sense), self._of_day(start, until))
        exams = await anyio.to_thread.run_sync(histories, rows, until.sense, folding)
        return PastDay(start, until.at, exams, folding)

    def _of_day(self, start: datetime, until: AsOf) -> dict[str, object]:
        return {**sql.parameters(until, self.folding()), "day_start": start}

    def _start_of(self, as_of: AsOf) -> datetime:
        return day_bounds(self.day_of(as_of), self._clock.zone())[0]

    def _slot(self, as_of: AsOf) -> _Slot:
        key = as_of.sense, self.day_of(as_of)
        slot = self._slots.setdefault(key, _Slot())
        self._slots.move_to_end(key)
        while len(self._slots) > _REMEMBERED_DAYS:
            self._slots.popitem(last=False)
        return slot
