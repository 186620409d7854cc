"""Reconciling by hand: what is refused, and what is said."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from runtime.reconciling import (
    Decision,
    ExamAsItStands,
    ReconciliationRefused,
    events_of,
    named,
    require_possible,
)
from schemas.events import ExamReconciled, ExamUnreconciled
from tests.exam_events import ANNA, EXAM, STUDY, STUDY_EXAM, images, order, row_of
from tests.histories import MORNING

STUDY_ALONE = ExamAsItStands(STUDY_EXAM, "GENERAL", STUDY, "", 0)
ORDERED = ExamAsItStands(EXAM, "GENERAL", "", "", 0)
DECIDED = Decision(STUDY_ALONE, ORDERED, "operator-1", MORNING + timedelta(hours=1))


def test_a_decision_is_said_under_both_exams_with_an_id_each() -> None:
    events = events_of(DECIDED)
    assert [event.envelope.exam_id for event in events] == [STUDY_EXAM, EXAM]
    assert len({event.envelope.event_id for event in events}) == 2
    assert all(isinstance(event, ExamReconciled) for event in events)
    row = row_of([*images(0, 5, ANNA), events[0]], STUDY_EXAM)
    assert row.reconciled_into == EXAM


def test_taking_back_is_said_under_both_and_undoes_it() -> None:
    decided = events_of(DECIDED)
    later = MORNING + timedelta(hours=2)
    undone = events_of(replace(DECIDED, undo=True, decided_at=later))
    assert all(isinstance(event, ExamUnreconciled) for event in undone)
    assert row_of([order(0, ANNA), decided[1], undone[1]]).reconciled_from_count == 0
    assert row_of([*images(0, 5, ANNA), decided[0], undone[0]], STUDY_EXAM).unmatched


@pytest.mark.parametrize(
    ("decision", "why"),
    [
        (replace(DECIDED, into=STUDY_ALONE), "into itself"),
        (replace(DECIDED, undo=True), "is not reconciled into"),
        (replace(DECIDED, exam=replace(STUDY_ALONE, reconciled_into="GENERAL|A9")), "take that back first"),
        (replace(DECIDED, exam=replace(STUDY_ALONE, reconciled_from_count=1)), "reconcile those into"),
        (replace(DECIDED, into=replace(ORDERED, reconciled_into="GENERAL|A9")), "name that one"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_to_do(decision: Decision, why: str) -> None:
    with pytest.raises(ReconciliationRefused, match=why):
        require_possible(decision)


def test_what_can_be_done_is_not_refused() -> None:
    require_possible(DECIDED)
    require_possible(replace(DECIDED, exam=replace(STUDY_ALONE, reconciled_into=EXAM), undo=True))


def test_an_accession_number_that_several_exams_have_is_no_name() -> None:
    north = replace(ORDERED, exam_id="NORTH|A1")
    assert named("NORTH|A1", [ORDERED, north]) == north
    with pytest.raises(ReconciliationRefused, match=r"name one of GENERAL\|A1, NORTH\|A1"):
        named("A1", [ORDERED, north])
    with pytest.raises(ReconciliationRefused, match="no exam 'A2' is known"):
        named("A2", [])
