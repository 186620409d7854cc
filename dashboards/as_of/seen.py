"""The board that a question is about: the live one, or as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request

from dashboards.as_of.instant import AsOf
from dashboards.as_of.past import Past
from dashboards.board import Board
from dashboards.cards import Json
from dashboards.department import Clock, reading_at
from dashboards.live import Live
from dashboards.open_alerts import OpenAlerts
from schemas.views import DueRow, PredictionRow, WorklistRow


@dataclass(frozen=True, slots=True)
class Seen:
    """now: when it is, or was. due: what an exam has to reach next. reading: what answers say of all this.

    forecasts: by milestone to come, as they stand, or stood.
    """

    as_of: AsOf | None
    now: datetime
    board: Board
    due: Callable[[WorklistRow], DueRow | None]
    forecasts: Callable[[WorklistRow], Mapping[str, PredictionRow]]
    alerts: Callable[[], OpenAlerts]
    reading: Json

    def told(self, what: str) -> str:
        """`what` is seen, as the audit topic has it."""
        return what if self.as_of is None else f"{what}, {self.as_of.told()}"

    def said(self) -> Json:
        """The instant, for an answer that says nothing of the clock; nothing where it is now."""
        return {} if self.as_of is None else {"as_of": self.reading["as_of"]}


async def seen_by(request: Request, live: Live, past: Past) -> Seen:
    """What the request asks for. Raises BadQuestion, NotFolded, AnalyticsUnavailable."""
    as_of = past.read(request.query_params)
    return _live(live) if as_of is None else await _then(as_of, past, live.clock)


def _live(live: Live) -> Seen:
    reading = {"clock": live.clock.reading(), "feed": live.feed.reading()}
    return Seen(
        None,
        live.clock.now(),
        live.board,
        lambda row: live.due.get(row.exam_id),
        lambda row: live.forecasts.of(row.exam_id),
        lambda: live.alerts,
        reading,
    )


async def _then(as_of: AsOf, past: Past, clock: Clock) -> Seen:
    found = await past.board(as_of)
    reading: Json = {"as_of": await told_of(as_of, past, is_empty=not len(found.board))}
    now = as_of.at.astimezone(clock.zone())
    reading |= {"clock": reading_at(now, speed=0.0)}
    return Seen(as_of, now, found.board, found.due, found.forecasts, found.alerts, reading)


async def told_of(as_of: AsOf, past: Past, *, is_empty: bool) -> Json:
    """What an answer says of its instant; where it has nothing, whether anything was known by then at all."""
    told: Json = {**as_of.reading()}
    if is_empty:
        first_at = await past.first_at(as_of.sense)
        is_before = first_at is None or as_of.at < first_at.astimezone(UTC)
        told |= {"first_at": first_at, "is_before_first": is_before}
    return told
