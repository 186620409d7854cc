"""The fold, as the as-of views need it. It is another room's: it is handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from dashboards.changes import LoggedEvent
from schemas.views import AlertRow, DueRow, PredictionRow, TurnaroundRow, WorklistRow


class ExamFold(Protocol):
    """What is known of one exam. The order in which events are added means nothing."""

    def add(self, event: LoggedEvent) -> None:
        """Join what `event` states; nothing happens where it cannot be read."""

    def copy(self) -> ExamFold:
        """The same, which goes its own way from here."""

    def row(self) -> WorklistRow | None:
        """The exam's row; None while nothing is known."""

    def turnaround(self) -> TurnaroundRow | None:
        """Its intervals; None while nothing is known."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """How an exam stood against its targets: what was under way, and each alert that it had."""

    under_way: tuple[DueRow, ...] = ()
    alerts: tuple[AlertRow, ...] = ()

    @property
    def due(self) -> DueRow | None:
        """What it had to reach next."""
        return min(self.under_way, key=lambda row: (row.due_at, row.interval), default=None)


@dataclass(frozen=True, slots=True)
class Folding:
    """begin: nothing known yet of the exam of this id. judge: a row against the targets, at an instant.

    coming: the milestones that are forecast of an exam and have not come yet, by its row.
    ahead, behind: an event that happened further from its recording counts as of its recording.
    """

    begin: Callable[[str], ExamFold]
    judge: Callable[[WorklistRow, datetime], Judgement]
    coming: Callable[[WorklistRow], Sequence[str]]
    ahead: timedelta
    behind: timedelta

    def believed_at(self, event: LoggedEvent) -> datetime:
        """When `event` can have happened."""
        lead = event.occurred_at - event.recorded_at
        return event.occurred_at if -self.behind <= lead <= self.ahead else event.recorded_at

    def standing(self, row: WorklistRow, made: Mapping[str, PredictionRow]) -> dict[str, PredictionRow]:
        """Of the forecasts that were `made` of an exam, those of what has not come yet."""
        return {name: made[name] for name in self.coming(row) if name in made} if made else {}
