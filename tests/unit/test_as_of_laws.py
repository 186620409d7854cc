"""What was known at an instant is the fold of the events until then, in either sense."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dashboards.analytics import Row
from dashboards.as_of.day import PastDay
from dashboards.as_of.exam_history import ExamHistory
from dashboards.as_of.instant import Sense
from dashboards.as_of.reading import histories
from processors.fold import fold
from processors.turnaround import turnaround_row
from processors.worklist import worklist_row
from runtime.exam_as_of import folding
from schemas.events import Event
from sinks.clickhouse.rows import event_payload
from tests.histories import MORNING
from tests.histories import histories as random_histories

AHEAD, BEHIND = timedelta(minutes=5), timedelta(days=7_305)
FOLDING = folding(Path("deploy/targets.toml"), AHEAD.total_seconds(), BEHIND.days)
INSTANTS = st.integers(-60, 3_000).map(lambda minutes: MORNING + timedelta(minutes=minutes))
SENSES = st.sampled_from(Sense)


def stored(event: Event) -> Row:
    """As the table of events has it."""
    envelope = event.envelope
    phi = envelope.phi
    return {
        "event_id": envelope.event_id,
        "event_type": event.AVRO_NAME,
        "exam_id": envelope.exam_id,
        "occurred_at": envelope.occurred_at,
        "recorded_at": envelope.recorded_at,
        "site": envelope.site,
        "patient_key": envelope.patient_key or "",
        "corrects": envelope.corrects,
        "payload": event_payload(event),
        "phi_key_id": phi.key_id if phi else "",
        "nonce": phi.nonce.hex() if phi else "",
        "ciphertext": phi.ciphertext.hex() if phi else "",
    }


def counts_at(event: Event, sense: Sense) -> datetime:
    """The definition that docs/audit.md gives."""
    envelope = event.envelope
    lead = envelope.occurred_at - envelope.recorded_at
    if sense is Sense.RECORDED or not -BEHIND <= lead <= AHEAD:
        return envelope.recorded_at
    return envelope.occurred_at


def exams_of(events: list[Event], sense: Sense) -> Mapping[str, ExamHistory]:
    return histories(map(stored, events), sense, FOLDING)


@given(
    random_histories(), st.lists(INSTANTS, min_size=1, max_size=6), SENSES, st.randoms(use_true_random=False)
)
def test_an_exam_at_an_instant_is_the_fold_of_what_counts_by_then(
    events: list[Event], instants: list[datetime], sense: Sense, chance: random.Random
) -> None:
    """Whichever instants were asked for before, and however the store gave the events."""
    told = [*events, *events[: len(events) // 2]]
    chance.shuffle(told)
    exams = exams_of(told, sense)
    for at in instants:
        states = fold([event for event in events if counts_at(event, sense) <= at])
        for exam_id, exam in exams.items():
            known, state = exam.known(at), states.get(exam_id)
            assert known.row == (None if state is None else worklist_row(state))
            assert known.turnaround == (None if state is None else turnaround_row(state))


@given(random_histories(), SENSES)
def test_when_everything_counts_it_is_the_live_view(events: list[Event], sense: Sense) -> None:
    end = max((counts_at(event, sense) for event in events), default=MORNING)
    day = PastDay(MORNING, end, exams_of(events, sense), FOLDING)
    states = fold(events)
    assert {row.exam_id: row for row in day.rows(end)} == {
        exam_id: worklist_row(state) for exam_id, state in states.items()
    }
