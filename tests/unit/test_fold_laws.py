"""The one law: applying events in any order, any number of times, gives the same state."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from processors.exam_state import ExamState
from processors.fold import fold
from processors.state_codec import decode_state, encode_state
from processors.turnaround import turnaround_row
from processors.worklist import worklist_row
from schemas.events import Event
from schemas.intervals import BY_NAME, REASONS
from tests.histories import EXAMS, histories


def _states(events: list[Event]) -> dict[str, bytes]:
    return {exam_id: encode_state(state) for exam_id, state in fold(events).items()}


@given(histories(), st.randoms(use_true_random=False))
def test_any_order_and_duplication_gives_the_same_state(events: list[Event], chance: random.Random) -> None:
    again = events + chance.choices(events, k=len(events)) if events else []
    chance.shuffle(again)
    assert _states(again) == _states(events)


@given(histories(), histories(), histories())
def test_join_is_commutative_associative_and_idempotent(
    some: list[Event], more: list[Event], rest: list[Event]
) -> None:
    for exam_id in EXAMS:
        a, b, c = (_state(exam_id, events) for events in (some, more, rest))
        assert _joined(a, b) == _joined(b, a)
        assert _joined(_joined(a, b), c) == _joined(a, _joined(b, c))
        assert _joined(a, a) == a


@given(histories(), histories())
def test_folding_a_tail_onto_a_stored_state_equals_folding_it_all(
    head: list[Event], tail: list[Event]
) -> None:
    for exam_id, whole in fold(head + tail).items():
        stored = decode_state(encode_state(_state(exam_id, head)))
        assert _joined(stored, _state(exam_id, tail)) == whole


@given(histories())
def test_views_are_pure_functions_of_the_state(events: list[Event]) -> None:
    for state in fold(events).values():
        copy = decode_state(encode_state(state))
        assert worklist_row(copy) == worklist_row(state)
        assert turnaround_row(copy) == turnaround_row(state)


@given(histories(), st.randoms(use_true_random=False))
def test_both_rows_are_the_same_live_replayed_and_from_a_snapshot_and_its_tail(
    events: list[Event], chance: random.Random
) -> None:
    """Live: late, doubled, one by one. Replayed: in order of what happened. Snapshot: stored midway."""
    live = [*events, *chance.sample(events, k=len(events) // 2)]
    chance.shuffle(live)
    replayed = fold(sorted(events, key=lambda event: event.envelope.occurred_at))
    for exam_id, state in fold(live).items():
        middle = chance.randint(0, len(live))
        resumed = decode_state(encode_state(_state(exam_id, live[:middle])))
        for event in live[middle:]:
            if event.envelope.exam_id == exam_id:
                resumed.add(event)
        assert worklist_row(state) == worklist_row(replayed[exam_id]) == worklist_row(resumed)
        assert turnaround_row(state) == turnaround_row(replayed[exam_id]) == turnaround_row(resumed)


@given(histories())
def test_an_interval_is_measured_and_never_negative_or_it_is_excluded_with_the_reason(
    events: list[Event],
) -> None:
    for state in fold(events).values():
        row = turnaround_row(state)
        for interval in row.intervals:
            assert interval.seconds == (interval.end_at - interval.start_at).total_seconds() >= 0
        assert row.excluded is not None
        assert {interval.reason for interval in row.excluded} <= REASONS.keys()
        names = [*(i.name for i in row.intervals), *(i.name for i in row.excluded)]
        assert len(names) == len(set(names))
        assert set(names) <= BY_NAME.keys()


@given(histories())
def test_a_retracted_event_leaves_no_trace_in_the_worklist_row(events: list[Event]) -> None:
    for exam_id, state in fold(events).items():
        retracted = {fact.corrects for fact in state.facts.values()}
        kept = [e for e in events if e.envelope.event_id not in retracted and e.envelope.exam_id == exam_id]
        row = worklist_row(state)
        if not kept:
            assert row.patient_key is None
            assert row.ordered_at is None
            continue
        clean = worklist_row(_state(exam_id, kept))
        for name in ("stage", "ordered_at", "completed_at", "final_at", "modality", "patient_key"):
            assert getattr(row, name) == getattr(clean, name)


def _state(exam_id: str, events: list[Event]) -> ExamState:
    state = ExamState(exam_id)
    for event in events:
        if event.envelope.exam_id == exam_id:
            state.add(event)
    return state


def _joined(left: ExamState, right: ExamState) -> ExamState:
    joined = ExamState(left.exam_id, dict(left.facts), dict(left.phi))
    joined.join(right)
    return joined
