"""Events whose time cannot be right: flagged, not measured, and no age on the worklist comes from them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from processors.clock_bounds import ClockBounds
from processors.fold import fold
from processors.turnaround import turnaround_row_of
from processors.view import view_of
from processors.worklist import worklist_row, worklist_row_of
from schemas import events as e
from schemas.events import Event
from tests.exam_events import ANNA, EXAM, order, said

ARRIVED = said(EXAM, 20, e.PatientArrived)
RECORDED = ARRIVED.envelope.recorded_at
FAR = [
    (datetime(2099, 1, 1, tzinfo=UTC), "arrived>recorded"),
    (datetime(1970, 1, 1, tzinfo=UTC), "arrived<<recorded"),
]


def _at(event: Event, occurred_at: datetime) -> Event:
    return replace(event, envelope=replace(event.envelope, occurred_at=occurred_at))


@pytest.mark.parametrize(("occurred_at", "fault"), FAR)
def test_what_happened_far_from_its_recording_counts_as_of_the_recording_and_is_flagged(
    occurred_at: datetime, fault: str
) -> None:
    view = view_of(fold([order(0, ANNA), _at(ARRIVED, occurred_at)])[EXAM])
    row, turnaround = worklist_row_of(view), turnaround_row_of(view)
    assert row.clock_faults == (fault,)
    assert (row.stage, row.stage_since_at, row.arrived_at) == ("arrived", RECORDED, RECORDED)
    assert row.next_actor_since_at == RECORDED
    assert row.last_occurred_at == RECORDED
    assert [(one.name, one.reason) for one in turnaround.excluded or ()] == [
        ("order_to_arrival", "clock_fault")
    ]
    assert not turnaround.intervals


def test_what_a_clock_in_the_future_said_does_not_outlive_what_was_said_later() -> None:
    wrong = _at(said(EXAM, 5, e.PriorityChanged, priority="ROUTINE"), datetime(2099, 1, 1, tzinfo=UTC))
    right = said(EXAM, 10, e.PriorityChanged, priority="STAT")
    row = worklist_row(fold([order(0, ANNA), wrong, right])[EXAM])
    assert row.priority == "STAT"


def test_an_archive_that_is_taken_over_is_no_clock_fault_within_the_bound() -> None:
    long_ago = RECORDED - timedelta(days=15 * 365)
    state = fold([_at(order(0, ANNA), long_ago), _at(ARRIVED, long_ago)])[EXAM]
    assert worklist_row(state).clock_faults == ()
    assert worklist_row(state).arrived_at == long_ago
    stricter = view_of(state, ClockBounds.of(ahead_s=300, behind_days=365))
    assert worklist_row_of(stricter).clock_faults == ("arrived<<recorded", "ordered<<recorded")
