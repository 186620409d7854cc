"""What each event changed of its exam: the fold itself, event by event, for the exam's page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from functools import cache
from typing import Any

from dashboards.changes import Change, Effect, LoggedEvent
from processors.exam_state import ExamState
from processors.turnaround import turnaround_row
from processors.worklist import worklist_row
from schemas.contracts import EVENTS_NAMESPACE, contracts
from schemas.events import EVENT_CLASSES, Event
from schemas.parts import Envelope, Source
from schemas.views import WorklistRow

# Each event is folded onto those before it and the row made anew: with more it would take seconds.
MOST_EVENTS = 400

_CLASSES = {cls.__name__: cls for cls in EVENT_CLASSES}
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
        event = _event(logged)
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


def _event(logged: LoggedEvent) -> Event | None:
    cls = _CLASSES.get(logged.event_type)
    if cls is None:
        return None
    envelope = Envelope(
        event_id=logged.event_id,
        exam_id=logged.exam_id,
        occurred_at=logged.occurred_at,
        recorded_at=logged.recorded_at,
        source=Source(system="", facility="", protocol=""),
        source_message_id="",
        site=logged.site,
        patient_key=logged.patient_key,
        corrects=logged.corrects,
    )
    try:
        known = {name: read(logged.fields.get(name)) for name, read in _readers(logged.event_type).items()}
        return cls(envelope=envelope, **known)
    except (ValueError, TypeError):
        return None


@cache
def _readers(event_type: str) -> Mapping[str, Any]:
    """How each of the event's own fields is read from JSON."""
    own = contracts()[f"{EVENTS_NAMESPACE}.{event_type}"]["fields"]
    return {field["name"]: _instant if _is_time(field["type"]) else _plain for field in own[1:]}


def _is_time(avro: Any) -> bool:
    kinds = avro if isinstance(avro, list) else [avro]
    return any(isinstance(kind, dict) and "timestamp" in str(kind.get("logicalType")) for kind in kinds)


def _plain(value: Any) -> Any:
    return value


def _instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
