"""The intervals of v_turnaround beside those that SQL makes of the events: they have to be the same."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from schemas.intervals import CLOCK_BOUND_S, INTERVALS, ORDERED_PAIRS
from schemas.topics import EVENTS
from sinks.clickhouse.checking.steps import ASIDE, CANCELS, GOES_ON, MILESTONE_OF_STEP, OF_ATTEMPT, OF_REPORT

_EXAMS_AT_ONCE = 100_000
_AGAIN_AFTER_S = 1.0
_SECOND_US = 1_000_000
_DAY_US = 86_400 * _SECOND_US
# More than this would not be read, and fits no page.
_MOST_DIFFERENCES = 1_000
_SQL = (Path(__file__).parent / "turnaround.sql").read_text("utf-8")

_COMPARE = """
SELECT
    if(events.exam_id = '', view.exam_id, events.exam_id) AS exam,
    if(events.exam_id = '', view.interval, events.interval) AS name,
    if(events.exam_id = '', NULL, (events.start_us, events.end_us, events.reason)) AS of_events,
    if(view.exam_id = '', NULL, (view.start_us, view.end_us, view.reason)) AS of_view
FROM ({expected}) AS events
FULL OUTER JOIN (
    SELECT exam_id, toString(interval) AS interval, toUnixTimestamp64Micro(start_at) AS start_us,
        toUnixTimestamp64Micro(end_at) AS end_us, toString(excluded_reason) AS reason,
        reason = '' AND abs(assumeNotNull(seconds) - (end_us - start_us) / 1e6) > 1e-6 AS is_miscounted
    FROM v_turnaround WHERE cityHash64(exam_id) % {{parts:UInt32}} = {{part:UInt32}}
) AS view ON events.exam_id = view.exam_id AND events.interval = view.interval
WHERE events.exam_id = '' OR view.exam_id = '' OR view.is_miscounted
    OR (events.start_us, events.end_us, events.reason) != (view.start_us, view.end_us, view.reason)
ORDER BY exam, name
LIMIT {{most:UInt32}}
"""
_EXAMS = "SELECT uniqExact(exam_id) FROM events WHERE kafka_topic = {topic:String}"
_INTERVALS = "SELECT count() FROM v_turnaround"


@dataclass(frozen=True, slots=True)
class Said:
    """An interval as one of the two says it; microseconds since the epoch, and why it is not measured."""

    start_us: int
    end_us: int
    excluded_reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    """An interval of an exam that the two do not say alike; None where one has none."""

    exam_id: str
    interval: str
    of_events: Said | None
    of_view: Said | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was compared, and what differs, a thousand at most."""

    exams: int
    intervals: int
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far from its recording an event can have happened, as the fold is told."""

    ahead_s: float
    behind_days: float


def compare(client: Client, bounds: Bounds) -> Comparison:
    """Compare all exams, a hundred thousand at a time. Raises the driver's error."""
    exams = int(client.query(_EXAMS, parameters={"topic": EVENTS}).result_rows[0][0])
    parts = 1 + exams // _EXAMS_AT_ONCE
    found: list[Difference] = []
    for part in range(parts):
        portion = {"parts": parts, "part": part, "most": _MOST_DIFFERENCES - len(found)}
        rows = client.query(
            _COMPARE.format(expected=_SQL), parameters={**_parameters(bounds), **portion}
        ).result_rows
        found += [_difference(row) for row in rows]
    intervals = int(client.query(_INTERVALS).result_rows[0][0])
    return Comparison(exams, intervals, tuple(found))


def settled(once: Callable[[], Comparison], wait_s: float) -> Comparison:
    """`once` again and again until both ways agree or `wait_s` is over; what differed alike each time.

    What is on its way from the log to the tables differs too, but for a moment, or each time another way.
    """
    end_s = time.monotonic() + wait_s
    found = once()
    while found.differences and time.monotonic() < end_s:
        time.sleep(_AGAIN_AFTER_S)
        again = once()
        known = frozenset(found.differences)
        stayed = tuple(one for one in again.differences if one in known)
        found = Comparison(again.exams, again.intervals, stayed)
    return found


def _difference(row: Sequence[Any]) -> Difference:
    exam_id, interval, of_events, of_view = row
    return Difference(exam_id, interval, _said(of_events), _said(of_view))


def _said(values: Sequence[Any] | None) -> Said | None:
    return None if values is None else Said(*values)


def _parameters(bounds: Bounds) -> Mapping[str, Any]:
    return {
        "topic": EVENTS,
        "ahead_us": int(bounds.ahead_s * _SECOND_US),
        "behind_us": int(bounds.behind_days * _DAY_US),
        "bound_us": CLOCK_BOUND_S * _SECOND_US,
        "steps": list(MILESTONE_OF_STEP),
        "names": list(MILESTONE_OF_STEP.values()),
        "aside": sorted(ASIDE),
        "cancels": sorted(CANCELS),
        "goes_on": sorted(GOES_ON),
        "of_attempt": sorted(OF_ATTEMPT),
        "of_report": sorted(OF_REPORT),
        "earlier": [earlier for earlier, _ in ORDERED_PAIRS],
        "later": [later for _, later in ORDERED_PAIRS],
        "intervals": [spec.name for spec in INTERVALS],
        "starts": [spec.start for spec in INTERVALS],
        "ends": [spec.end for spec in INTERVALS],
        "priorities": [spec.priority or "" for spec in INTERVALS],
        "which": ["last" if spec.to_last else "first" for spec in INTERVALS],
    }
