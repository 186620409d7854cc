"""The log as the analytics store has it, in the order in which it was recorded, in slices of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from clickhouse_connect.driver.client import Client

from dashboards.analytics import utc
from dashboards.stored_rows import logged_event
from processors.facts import KNOWN_STEPS
from runtime.logged_events import event_of
from schemas.events import Event

_SLICE = timedelta(days=7)
# What is sealed is not read: no forecast asks who somebody is.
_SPAN = """
SELECT min(recorded_at), max(recorded_at), count(), uniqExact(exam_id)
FROM events WHERE event_type IN {steps:Array(String)} AND recorded_at >= {from:DateTime64(6, 'UTC')}
"""
_EVENTS = """
SELECT event_id, event_type, exam_id, occurred_at, recorded_at, site, patient_key, corrects, payload,
       '' AS phi_key_id
FROM events FINAL
WHERE event_type IN {steps:Array(String)}
  AND recorded_at >= {from:DateTime64(6, 'UTC')} AND recorded_at < {until:DateTime64(6, 'UTC')}
ORDER BY recorded_at, event_id
"""


class NoHistory(LookupError):
    """The analytics store has no events to learn from."""


@dataclass(frozen=True, slots=True)
class Span:
    """What there is: from when to when, UTC, how many events of how many exams."""

    first_at: datetime
    last_at: datetime
    events: int
    exams: int


def recorded_span(client: Client, since: datetime) -> Span:
    """What was recorded from `since` on. Raises NoHistory, and clickhouse_connect's Error."""
    parameters = {"steps": sorted(KNOWN_STEPS), "from": since}
    ((first_at, last_at, events, exams),) = client.query(_SPAN, parameters=parameters).result_rows
    if not events:
        raise NoHistory("the analytics store has no events: run the pipeline, or `radstream history`, first")
    return Span(utc(first_at), utc(last_at), events, exams)


def recorded_events(client: Client, span: Span, on_read: Callable[[int], None]) -> Iterator[Event]:
    """Every event of `span` that a version we know has; `on_read` is told how many were read so far."""
    read, from_at = 0, span.first_at
    while from_at <= span.last_at:
        until = from_at + _SLICE
        parameters = {"steps": sorted(KNOWN_STEPS), "from": from_at, "until": until}
        found = client.query(_EVENTS, parameters=parameters)
        for row in found.named_results():
            event = event_of(logged_event(row))
            if event is not None:
                yield event
        read += len(found.result_rows)
        on_read(read)
        from_at = until
