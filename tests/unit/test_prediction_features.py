"""Features: the same live and over history, and never by what came later."""

from __future__ import annotations

from datetime import UTC

import numpy as np
import orjson
from hypothesis import given
from hypothesis import strategies as st

from processors.exam_state import ExamState
from processors.facts import to_us
from processors.predictions.department import Department
from processors.predictions.exam import PREDICTED, Phase, exam_of_row, exam_of_view
from processors.predictions.examples import Examples, Sample, examples_of
from processors.predictions.features import CATEGORIES, FEATURES, Row, feature_row
from processors.predictions.history import changes_of
from processors.predictions.lines import Line, Recent
from processors.predictions.telling import Telling
from processors.stating import fact_of, stated
from processors.view import view_of
from processors.worklist import worklist_row
from schemas.events import (
    AcquisitionCompleted,
    AcquisitionStarted,
    Event,
    FinalReportPublished,
    PatientArrived,
    PreliminaryReportPublished,
)
from schemas.forecast_features import SINCE_OF
from schemas.identity import exam_id_of_accession, is_exam
from sinks.clickhouse.rows import event_payload
from tests.exam_events import EXAM, order, said
from tests.forecast_examples import FINAL
from tests.histories import events as recorded_events
from tests.histories import histories


def _recorded(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.envelope.recorded_at)


@given(histories())
def test_an_exam_is_known_the_same_by_its_row_and_by_its_events(events: list[Event]) -> None:
    states: dict[str, ExamState] = {}
    for event in events:
        if not is_exam(event.envelope.exam_id):
            continue
        state = states.setdefault(event.envelope.exam_id, ExamState(event.envelope.exam_id))
        state.add(event)
        assert exam_of_row(worklist_row(state)) == exam_of_view(view_of(state))


@given(histories())
def test_an_exam_told_fact_by_fact_is_the_exam_that_the_fold_makes(events: list[Event]) -> None:
    """Whatever comes in whatever order: twice, taken back, cancelled, reconciled, by a wrong clock."""
    states: dict[str, ExamState] = {}
    tellings: dict[str, Telling] = {}
    for event in events:
        exam_id = event.envelope.exam_id
        state = states.setdefault(exam_id, ExamState(exam_id))
        state.add(event)
        telling = tellings.setdefault(exam_id, Telling(exam_id))
        assert telling.add(fact_of(event)) == exam_of_view(view_of(state))


@given(recorded_events())
def test_an_event_states_the_same_by_its_payload_in_the_store(event: Event) -> None:
    payload = orjson.loads(event_payload(event))
    assert stated(type(event).__name__, payload) == fact_of(event).attributes


@given(histories())
def test_features_over_history_are_those_that_were_there_live(events: list[Event]) -> None:
    """Live: from the worklist's rows, one after the other. History: from the log, afterwards."""
    told = _recorded(events)
    examples = examples_of(changes_of(told), UTC, sample=Sample(looks=0))
    live, department = [], Department()
    states: dict[str, ExamState] = {}
    for event in told:
        if not is_exam(event.envelope.exam_id):
            continue
        state = states.setdefault(event.envelope.exam_id, ExamState(event.envelope.exam_id))
        state.add(event)
        exam, now_us = exam_of_row(worklist_row(state)), to_us(event.envelope.recorded_at)
        department.take(exam, now_us)
        if exam.coming:
            live.append(feature_row(exam, department, now_us, UTC))
    assert _same_rows(live, examples)


@given(histories(), st.integers(0, 30))
def test_no_feature_knows_what_came_later(events: list[Event], length: int) -> None:
    told = _recorded(events)
    whole = examples_of(changes_of(told), UTC)
    until = examples_of(changes_of(told[:length]), UTC)
    count = len(until)
    assert np.array_equal(whole.words[:count], until.words)
    assert np.array_equal(whole.numbers[:count], until.numbers, equal_nan=True)
    assert np.array_equal(whole.at_us[:count], until.at_us)


@given(histories())
def test_what_is_to_come_has_not_come(events: list[Event]) -> None:
    for _, exam in changes_of(_recorded(events)):
        assert not set(exam.coming) & set(exam.reached)
        assert list(exam.coming) == [name for name in PREDICTED if name in exam.coming]
        assert (exam.phase is Phase.OVER) <= (not exam.coming)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 50)), max_size=30), st.integers(0, 3), st.data())
def test_a_line_counts_as_one_counts_by_hand(
    members: list[tuple[int, int]], rank: int, data: st.DataObject
) -> None:
    line = Line(patience_us=30)
    for member in members:
        line.join(*member)
    gone = data.draw(st.lists(st.sampled_from(range(len(members))), unique=True) if members else st.just([]))
    for place in gone:
        line.leave(*members[place])
    left = [member for place, member in enumerate(members) if place not in gone]
    counted = [(other, since) for other, since in left if since >= 60 - 30]
    assert line.length(60) == len(counted)
    assert line.ahead(rank, 45, 60) == sum(
        other < rank or (other == rank and since < 45) for other, since in counted
    )
    assert line.between(10, 40) == sum(10 <= since < 40 for _, since in left)


def test_the_last_hour_forgets() -> None:
    recent = Recent(window_us=100)
    for at, who in ((0, "a"), (10, "b"), (20, "a"), (30, "")):
        recent.note(at, who)
    assert recent.counts(99) == (4, 2)
    assert recent.counts(105) == (3, 2)
    assert recent.counts(115) == (2, 1)
    assert recent.counts(200) == (0, 0)


def test_looks_while_nothing_changes_are_drawn_by_the_seed() -> None:
    events = _recorded([event for number in range(20) for event in _arrival(number)])
    first, again = (examples_of(changes_of(events), UTC, sample=Sample(seed=3)) for _ in range(2))
    assert np.array_equal(first.at_us, again.at_us)
    assert len(first) > len(examples_of(changes_of(events), UTC, sample=Sample(looks=0)))


def test_a_look_knows_no_step_that_came_after_it() -> None:
    """Between two changes the next one is not known yet, though whoever reads the log has it at hand."""
    events = _recorded([event for number in range(40) for event in _arrival(number)])
    looks = examples_of(changes_of(events), UTC, sample=Sample(share=0.0, look_every_min=7.0))
    numbers = list(FEATURES)[len(CATEGORIES) :]
    since = looks.numbers[:, [numbers.index(name) for name in SINCE_OF.values()]]
    assert np.isfinite(since).any()
    assert np.nanmin(since) >= 0


def _arrival(number: int) -> list[Event]:
    exam_id = exam_id_of_accession("GENERAL", f"A{number}")
    return [order(10 * number, None, exam_id), said(exam_id, 10 * number + 5, PatientArrived)]


def _same_rows(live: list[Row], examples: Examples) -> bool:
    words = examples.words.shape[1]
    numbers = np.array([row[words:] for row in live], dtype=float).reshape(len(live), len(FEATURES) - words)
    same = [list(row[:words]) for row in live] == examples.words.tolist()
    return same and np.array_equal(numbers, examples.numbers, equal_nan=True)


def test_a_report_that_was_taken_back_is_the_outcome_of_nothing() -> None:
    """Else its exam counts as one that took no number of minutes, and so do all that are like it."""
    signed = said(EXAM, 30, FinalReportPublished)
    taken_back = said(EXAM, 40, PreliminaryReportPublished, corrects=signed.envelope.event_id)
    begun = [order(0, None), said(EXAM, 10, AcquisitionStarted), said(EXAM, 20, AcquisitionCompleted)]
    examples = examples_of(changes_of([*begun, signed, taken_back]), UTC)
    assert examples.end_us[:, FINAL].tolist() == examples.known_us[:, FINAL].tolist() == [0] * len(examples)
    again = said(EXAM, 50, FinalReportPublished)
    mended = examples_of(changes_of([*begun, signed, taken_back, again]), UTC)
    assert (
        set(mended.end_us[:, FINAL]) == set(mended.known_us[:, FINAL]) == {to_us(again.envelope.recorded_at)}
    )
