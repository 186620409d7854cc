"""Turnaround in SQL from the events alone is the fold's, for whatever is said, taken back and repeated."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from processors.clock_bounds import BEHIND_DAYS
from processors.fold import fold
from processors.milestones import MILESTONE_OF_STEP as OF_THE_FOLD
from processors.turnaround import turnaround_row
from schemas import events as e
from schemas import topics
from schemas.identity import event_id
from schemas.intervals import CLOCK_BOUND_S
from sinks.clickhouse.checking.comparison import Bounds, compare
from sinks.clickhouse.checking.steps import MILESTONE_OF_STEP
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.rows import EVENTS, TURNAROUND, to_arrow
from tests.clickhouse_running import clickhouse_server
from tests.exam_events import said
from tests.finished_exam import STUDY, finished_exam

_BOUNDS = Bounds(CLOCK_BOUND_S, BEHIND_DAYS)
_EXAMS = 150


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as running:
        client = running.client()
        migrate(client, "radstream")
        yield client
        client.close()


def _fill(client: Client, events: list[e.Event]) -> list[str]:
    """Events, some of them twice, and what the fold makes of them; the exams."""
    states = fold(events)
    client.command("TRUNCATE TABLE events")
    for table in ("turnaround_exams", "turnaround"):
        client.command(f"TRUNCATE TABLE {table}")
    placed = [Placed(event, topics.EVENTS, 0, offset) for offset, event in enumerate([*events, *events[::3]])]
    client.insert_arrow("events", to_arrow(EVENTS, placed))
    rows = [Placed(turnaround_row(state), topics.TURNAROUND, 0, n) for n, state in enumerate(states.values())]
    client.insert_arrow("turnaround_exams", to_arrow(TURNAROUND, rows))
    return list(states)


def _disturbances(chance: random.Random, exam_id: str) -> list[e.Event]:
    """What takes back, repeats or contradicts, at any time of the exam."""
    at = [chance.uniform(0, 90) for _ in range(12)]
    pair = {"from_exam_id": f"{exam_id}|images", "into_exam_id": exam_id}
    back = {"from_exam_id": exam_id, "into_exam_id": f"{exam_id}|other"}
    study: dict[str, Any] = {"study_instance_uid": STUDY, "size_bytes": 1, "completed_by": "timeout"}
    when = finished_exam()[0].envelope.occurred_at + timedelta(minutes=at[10])
    return [
        said(exam_id, at[0], e.OrderCancelled),
        said(exam_id, at[1], e.AcquisitionDiscontinued),
        said(exam_id, at[2], e.AcquisitionStarted),
        said(exam_id, at[3], e.PatientArrived),
        said(exam_id, at[4], e.ReportCancelled),
        said(exam_id, at[5], e.AppointmentCancelled),
        said(exam_id, at[6], e.SeriesStored, series_instance_uid="1.9", instance_count=9, **study),
        said(exam_id, at[7], e.StudyStored, series_count=5, instance_count=chance.choice((9, 400)), **study),
        said(exam_id, at[8], e.ExamReconciled, first_image_at=when, stored_at=when, **pair),
        said(exam_id, at[9], e.ExamUnreconciled, **pair),
        said(exam_id, at[10], e.ExamReconciled, **back),
        said(exam_id, at[11], e.PriorityChanged, priority=chance.choice(("STAT", "ROUTINE"))),
        said(exam_id, at[2], e.CriticalNotificationAttempted),
    ]


def _history(chance: random.Random, number: int) -> list[e.Event]:
    """Some of an exam's events and of what disturbs them, their clocks more or less right."""
    exam_id, whole = f"GENERAL|A{number}", finished_exam()
    known = chance.sample(whole, chance.randint(3, len(whole)))
    said_so = known + chance.sample(_disturbances(chance, exam_id), chance.choice((0, 1, 2, 5)))
    history = []
    for place, event in enumerate(said_so):
        moved = chance.choice((0, 0, 0, 0, 2, -7, 40, -40, 60 * 24, -60 * 24 * 366 * 30))
        late = chance.choice((0, 0, 0, 1, 600))
        envelope = event.envelope
        own = replace(
            envelope,
            exam_id=exam_id,
            event_id=event_id(exam_id, str(place)),
            corrects=event_id(exam_id, str(chance.randrange(40))) if chance.random() < 0.03 else None,
            occurred_at=envelope.occurred_at + timedelta(minutes=moved),
            recorded_at=envelope.recorded_at + timedelta(minutes=late),
        )
        history.append(replace(event, envelope=own))
    return history


@pytest.mark.parametrize("seed", [1, 2])
def test_sql_and_the_fold_agree_on_every_interval_of_any_history(client: Client, seed: int) -> None:
    chance = random.Random(seed)
    events = [event for number in range(_EXAMS) for event in _history(chance, number)]
    chance.shuffle(events)
    exams = _fill(client, events)
    compared = compare(client, _BOUNDS)
    assert compared.differences == ()
    assert (compared.exams, compared.intervals > 5 * _EXAMS) == (len(exams), True)
    reasons = client.query("SELECT groupUniqArray(excluded_reason) FROM v_turnaround").result_rows[0][0]
    assert sorted(reasons) == ["", "clock_fault", "end_before_start"]


def test_what_is_altered_missing_or_made_up_is_told_with_its_exam(client: Client) -> None:
    exam = finished_exam()
    exam_id = exam[0].envelope.exam_id
    _fill(client, exam)
    client.command("ALTER TABLE turnaround DELETE WHERE interval = 'room' SETTINGS mutations_sync = 2")
    client.command(
        "ALTER TABLE turnaround UPDATE end_at = end_at + INTERVAL 1 SECOND WHERE interval = 'dictation'"
        " SETTINGS mutations_sync = 2"
    )
    client.command(
        "INSERT INTO turnaround (interval, exam_id, start_at, end_at, seconds)"
        " VALUES ('room', 'nobody', 0, 9, 9)"
    )
    found = {(d.exam_id, d.interval): d for d in compare(client, _BOUNDS).differences}
    assert sorted(found) == [(exam_id, "dictation"), (exam_id, "room"), ("nobody", "room")]
    assert found[exam_id, "room"].of_view is None
    assert found["nobody", "room"].of_events is None


def test_both_know_the_same_milestones() -> None:
    counted = {step: name for step, name in OF_THE_FOLD.items() if name != "cancelled"}
    assert dict(MILESTONE_OF_STEP) == counted
