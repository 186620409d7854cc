"""What each event changed of its exam: the fold itself, event by event, for the exam's page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from dashboards.changes import Change, Effect, LoggedEvent
from processors.exam_state import ExamState
from processors.turnaround import turnaround_row
from processors.worklist import worklist_row
from runtime.logged_events import event_of
from schemas.views import WorklistRow

# Each event is folded onto those before it and the row made anew: with more it would take seconds.
MOST_EVENTS = 400

# Bookkeeping, and what stands in another field as well.
_UNTOLD = frozenset(
    {
        "exam_id",
        "site",
        "phi",
        "phi_event_id",
        "event_count",
        "last_occurred_at",
        "last_recorded_at",
        "stage_since_at",
        "next_actor_since_at",
        "delayed_at",
        "report_first_event_id",
        "report_last_event_id",
        "images_complete",
    }
)
_TOLD = tuple(field.name for field in fields(WorklistRow) if field.name not in _UNTOLD)


def effects(events: Sequence[LoggedEvent]) -> Mapping[str, Effect]:
    """The effect of each of one exam's events when it became known, by event_id; empty for too many.

    An event that the fold does not know, or cannot read, has no effect.
    """
    if len(events) > MOST_EVENTS:
        return {}
    ordered = sorted(events, key=lambda event: (event.recorded_at, event.occurred_at, event.event_id))
    return dict(_effects(ordered))


def _effects(ordered: Sequence[LoggedEvent]) -> Iterator[tuple[str, Effect]]:
    state: ExamState | None = None
    row: Mapping[str, Any] = dict.fromkeys(_TOLD)
    intervals: Mapping[str, float] = {}
    for logged in ordered:
        event = event_of(logged)
        if event is None:
            continue
        state = state or ExamState(logged.exam_id)
        state.add(event)
        known = worklist_row(state)
        after = {name: _said(getattr(known, name)) for name in _TOLD}
        measured = {interval.name: interval.seconds for interval in turnaround_row(state).intervals}
        changes = tuple(Change(name, row[name], after[name]) for name in _TOLD if row[name] != after[name])
        ended = tuple(name for name, seconds in measured.items() if intervals.get(name) != seconds)
        yield logged.event_id, Effect(changes, ended)
        row, intervals = after, measured


def _said(value: Any) -> Any:
    """What says nothing is None, whichever way the row puts it."""
    return None if value in (False, 0, "", ()) else value
