"""The fold for the dashboard's as-of views: the worker's own pure functions, over the analytics store."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from dashboards.as_of.folding import ExamFold, Folding, Judgement
from dashboards.changes import LoggedEvent
from processors.alerts.judging import judge
from processors.alerts.known_exam import known_exam
from processors.alerts.rows import alert_row, due_row
from processors.alerts.targets import Version, Versions, content_hash
from processors.clock_bounds import ClockBounds
from processors.exam_state import ExamState
from processors.facts import to_us
from processors.predictions.exam import exam_of_row
from processors.turnaround import turnaround_row_of
from processors.view import view_of
from processors.worklist import worklist_row_of
from runtime.exam_targets import TargetsInFile
from runtime.logged_events import envelope_of, event_of
from schemas.identity import is_exam
from schemas.parts import Target
from schemas.views import TurnaroundRow, WorklistRow


class _ExamFold:
    """An ExamState, and the bounds that its views are made with."""

    def __init__(self, state: ExamState, bounds: ClockBounds) -> None:
        self._state = state
        self._bounds = bounds

    def add(self, event: LoggedEvent) -> None:
        if not is_exam(event.exam_id):
            return
        known = event_of(event)
        try:
            if known is None:
                self._state.keep(event.event_type, envelope_of(event))
            else:
                self._state.add(known)
        except ValueError:
            return  # its ids are no UUIDs: the worker made a dead letter of it

    def copy(self) -> ExamFold:
        state = replace(self._state, facts=dict(self._state.facts), phi=dict(self._state.phi))
        return _ExamFold(state, self._bounds)

    def row(self) -> WorklistRow | None:
        return worklist_row_of(view_of(self._state, self._bounds)) if self._state.facts else None

    def turnaround(self) -> TurnaroundRow | None:
        return turnaround_row_of(view_of(self._state, self._bounds)) if self._state.facts else None


class _Judge:
    """By the targets that the file declares now: those of the past are not in the analytics store."""

    def __init__(self, targets: TargetsInFile) -> None:
        self._targets = targets
        self._read: tuple[Target, ...] | None = None
        self._versions = Versions()

    def __call__(self, row: WorklistRow, at: datetime) -> Judgement:
        exam, now_us = known_exam(row, 0), to_us(at)
        judged = [one for one in judge(exam, self._now()) if one.start_us <= now_us]
        # An interval that ended before it was warned of never was an alert.
        warned = [one for one in judged if one.warn_us <= (one.closed_us or now_us)]
        alerts = tuple(alert_row(exam, one, now_us) for one in warned)
        rows = (due_row(exam, [one], now_us) for one in judged)
        return Judgement(tuple(row for row in rows if row is not None), alerts)

    def _now(self) -> Versions:
        targets = self._targets.targets()
        if targets is not self._read:
            self._read = targets
            # As if they had been in force for ever.
            self._versions = Versions([Version(0, "", content_hash(targets), targets)])
        return self._versions


def folding(targets: Path, clock_ahead_s: float, clock_behind_days: float) -> Folding:
    """`targets`: the file that declares them. The bounds are those of the fold's worker."""
    bounds = ClockBounds.of(clock_ahead_s, clock_behind_days)
    return Folding(
        begin=lambda exam_id: _ExamFold(ExamState(exam_id), bounds),
        judge=_Judge(TargetsInFile(targets)),
        coming=lambda row: exam_of_row(row).coming,
        ahead=timedelta(seconds=clock_ahead_s),
        behind=timedelta(days=clock_behind_days),
    )
