"""The log as the analytics store has it, in the order in which it was recorded, in slices of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from clickhouse_connect.driver.client import Client

from dashboards.analytics import utc
from processors.facts import KNOWN_STEPS, Fact
from processors.stating import stated
from runtime.department_time import HEARD

_SLICE = timedelta(days=7)
# What is sealed is not read: no forecast asks who somebody is.
_SPAN = f"""
SELECT min(recorded_at), max(recorded_at), count(), uniqExactIf(exam_id, NOT startsWith(exam_id, 'patient|'))
FROM events
WHERE event_type IN {{steps:Array(String)}} AND recorded_at >= {{from:DateTime64(6, 'UTC')}} AND {HEARD}
"""  # noqa: S608 - our own constant
# Without FINAL, which reads three times as long: the fold knows what it was told already.
_EVENTS = """
SELECT toString(event_id), exam_id, event_type, toUnixTimestamp64Micro(occurred_at),
       toUnixTimestamp64Micro(recorded_at), site, patient_key, toString(corrects), payload
FROM events
WHERE event_type IN {steps:Array(String)}
  AND recorded_at >= {from:DateTime64(6, 'UTC')} AND recorded_at < {until:DateTime64(6, 'UTC')}
ORDER BY recorded_at, event_id
"""
_TELL_EVERY = 10_000


class NoHistory(LookupError):
    """The analytics store has no events to learn from."""


@dataclass(frozen=True, slots=True)
class Span:
    """What was heard: from when to when, UTC, how many events of how many exams."""

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


def recorded_facts(
    client: Client, span: Span, on_read: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[str, Fact]]:
    """What every event of `span` states, with its exam_id; `on_read` is told how many were read so far.

    An event that was delivered twice may come twice; what is not as the contracts say is left out.
    """
    read, from_at = 0, span.first_at
    while from_at <= span.last_at:
        until = from_at + _SLICE
        parameters = {"steps": sorted(KNOWN_STEPS), "from": from_at, "until": until}
        for row in client.query(_EVENTS, parameters=parameters).result_rows:
            read += 1
            if read % _TELL_EVERY == 0:
                on_read(read)
            fact = _fact(row)
            if fact is not None:
                yield row[1], fact
        from_at = until
    on_read(read)


def _fact(row: Sequence[Any]) -> Fact | None:
    event_id, _, step, occurred_us, recorded_us, site, patient_key, corrects, payload = row
    try:
        attributes = stated(step, orjson.loads(payload))
    except (ValueError, TypeError, AttributeError):
        return None
    return Fact(event_id, step, occurred_us, recorded_us, site, patient_key or None, corrects, attributes)
