"""The reconciler with the fold, as a loop: what one says the other hears."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.exam_state import ExamState
from processors.reconciler.core import Reconciler
from processors.reconciler.derived import PATIENT_EVENTS
from processors.reconciler.index import Index
from processors.worklist import worklist_row
from schemas.events import (
    Event,
    ExamReconciled,
    ExamUnreconciled,
    PatientErased,
    PatientMerged,
    PatientUnmerged,
)
from schemas.identity import exam_id_of_accession, is_exam, subject_of_patient
from schemas.views import WorklistRow
from tests.exam_events import (
    ANNA,
    BERTA,
    CLARA,
    EXAM,
    STUDY,
    STUDY_EXAM,
    images,
    merged,
    order,
    reconciled,
    said,
    unmerged,
    unreconciled,
)
from tests.producing import offline_codec

CODEC = offline_codec()
OTHER_EXAM = exam_id_of_accession("GENERAL", "A2")


class Loop:
    """The log, the fold and the reconciler, one event at a time."""

    def __init__(self, index: Index | None = None) -> None:
        self.index = index or Index(None)
        self.reconciler = Reconciler(self.index, CODEC)
        self.states: dict[str, ExamState] = {}
        self.derived: list[Event] = []

    def say(self, *events: Event) -> Loop:
        """Say `events`, and all that follows from them."""
        for event in events:
            new = self._hear(event)
            self.derived += new
            self.say(*new)
        return self

    def row(self, exam_id: str = EXAM) -> WorklistRow:
        """The exam's row now."""
        return worklist_row(self.states[exam_id])

    def close(self) -> None:
        """Close the index."""
        self.index.close()

    def _hear(self, event: Event) -> list[Event]:
        exam_id = event.envelope.exam_id
        if not is_exam(exam_id):
            return self.reconciler.take_patient_event(event) if isinstance(event, PATIENT_EVENTS) else []
        state = self.states.setdefault(exam_id, ExamState(exam_id))
        state.add(event)
        return self.reconciler.take_row(worklist_row(state))


def _of_patients(minutes: float, cls: type[Event], gone: str, stays: str, **fields: object) -> list[Event]:
    """As the HL7 listener says it: under the key of each of the two."""
    keys = {"merged_patient_key": gone, "surviving_patient_key": stays}
    return [said(subject_of_patient(key), minutes, cls, stays, **keys, **fields) for key in (stays, gone)]


def _total(loop: Loop) -> dict[str, tuple[object, ...]]:
    rows = {exam_id: loop.row(exam_id) for exam_id in loop.states}
    return {
        exam_id: (
            row.reconciled_into,
            row.instance_count,
            row.first_image_at,
            row.stored_at,
            row.stage,
            row.patient_key,
            row.patient_mismatch,
            row.accession_reused,
            row.patient_erased_at,
        )
        for exam_id, row in rows.items()
    }


@pytest.fixture
def loop() -> Loop:
    return Loop()


def test_images_first_and_the_order_later_are_one_exam_with_images(loop: Loop) -> None:
    loop.say(*images(10, 60, ANNA))
    assert loop.row(STUDY_EXAM).unmatched
    loop.say(order(30, ANNA, study_instance_uid=STUDY))
    assert (loop.row(STUDY_EXAM).reconciled_into, loop.row(STUDY_EXAM).unmatched) == (EXAM, False)
    assert (loop.row().instance_count, loop.row().stage, loop.row().patient_mismatch) == (60, "stored", False)
    assert {event.envelope.exam_id for event in loop.derived} == {EXAM, STUDY_EXAM}


def test_the_order_first_and_images_later_are_the_same(loop: Loop) -> None:
    loop.say(order(0, ANNA, study_instance_uid=STUDY), *images(10, 60, ANNA))
    assert loop.row(STUDY_EXAM).reconciled_into == EXAM
    assert (loop.row().instance_count, loop.row().stage) == (60, "stored")


def test_more_images_are_said_again_and_nothing_is_said_twice(loop: Loop) -> None:
    loop.say(order(0, ANNA, study_instance_uid=STUDY), *images(10, 60, ANNA), *images(20, 90, ANNA))
    assert loop.row().instance_count == 90
    before = len(loop.derived)
    loop.say(*images(20, 90, ANNA), order(0, ANNA, study_instance_uid=STUDY))
    assert len(loop.derived) == before
    assert len({event.envelope.event_id for event in loop.derived}) == before


def test_another_order_of_the_same_study_leaves_it_where_it_is(loop: Loop) -> None:
    loop.say(*images(10, 60, ANNA), order(20, ANNA, OTHER_EXAM, study_instance_uid=STUDY))
    loop.say(order(30, ANNA, study_instance_uid=STUDY), *images(40, 70, ANNA))
    assert loop.row(STUDY_EXAM).reconciled_into == OTHER_EXAM
    assert (loop.row(OTHER_EXAM).instance_count, loop.row().instance_count) == (70, 0)


def test_what_someone_took_back_is_not_matched_again_until_someone_says_so(loop: Loop) -> None:
    loop.say(order(0, ANNA, study_instance_uid=STUDY), *images(10, 60, ANNA))
    loop.say(unreconciled(EXAM, 60), unreconciled(STUDY_EXAM, 60), *images(70, 80, ANNA))
    assert (loop.row(STUDY_EXAM).unmatched, loop.row().instance_count) == (True, 0)
    loop.say(reconciled(STUDY_EXAM, 90), reconciled(EXAM, 90), *images(95, 85, ANNA))
    assert (loop.row(STUDY_EXAM).reconciled_into, loop.row().instance_count) == (EXAM, 85)


def test_images_that_someone_reconciled_by_hand_are_said_under_their_exam(loop: Loop) -> None:
    loop.say(order(0, ANNA), *images(10, 60, BERTA))
    assert not loop.derived
    loop.say(reconciled(STUDY_EXAM, 30, reconciled_by="someone"))
    assert (loop.row().instance_count, loop.row().patient_mismatch) == (60, True)
    loop.say(*_of_patients(40, PatientMerged, BERTA, ANNA))
    assert not loop.row().patient_mismatch


def test_exams_that_were_reconciled_into_each_other_do_not_count_up_for_ever(loop: Loop) -> None:
    pair = {"from_exam_id": EXAM, "into_exam_id": STUDY_EXAM}
    loop.say(*images(0, 5, ANNA, EXAM), *images(10, 60, ANNA))
    loop.say(reconciled(STUDY_EXAM, 30), said(EXAM, 31, ExamReconciled, **pair))
    assert (loop.row().instance_count, loop.row(STUDY_EXAM).instance_count) == (5, 60)


def test_a_merge_reaches_every_exam_of_either_patient_and_those_known_later(loop: Loop) -> None:
    loop.say(order(0, ANNA), order(1, CLARA, OTHER_EXAM), *_of_patients(10, PatientMerged, ANNA, BERTA))
    assert (loop.row().patient_key, loop.row(OTHER_EXAM).patient_key) == (BERTA, CLARA)
    late = exam_id_of_accession("GENERAL", "A3")
    loop.say(order(20, ANNA, late))
    assert loop.row(late).patient_key == BERTA
    assert sum(isinstance(event, PatientMerged) for event in loop.derived) == 2


def test_chains_of_merges_reach_an_exam_that_was_known_before_or_comes_after(loop: Loop) -> None:
    loop.say(order(0, ANNA), *_of_patients(10, PatientMerged, ANNA, BERTA))
    loop.say(*_of_patients(20, PatientMerged, BERTA, CLARA), order(30, ANNA, OTHER_EXAM))
    assert loop.row().patient_key == loop.row(OTHER_EXAM).patient_key == CLARA
    loop.say(*_of_patients(40, PatientUnmerged, ANNA, BERTA))
    assert loop.row().patient_key == loop.row(OTHER_EXAM).patient_key == ANNA


def test_an_unmerge_that_names_its_merge_takes_back_that_one_under_the_exam(loop: Loop) -> None:
    merge = _of_patients(50, PatientMerged, ANNA, BERTA)
    loop.say(order(0, ANNA), *merge)
    # Recorded before the merge, as clocks have it: only its name says what it takes back.
    loop.say(*_of_patients(40, PatientUnmerged, ANNA, BERTA, corrects=merge[0].envelope.event_id))
    assert loop.row().patient_key == ANNA


def test_an_erasure_reaches_the_exams_of_the_patient(loop: Loop) -> None:
    erased = said(
        subject_of_patient(ANNA), 50, PatientErased, ANNA, keys_destroyed=1, erasure_reason="request"
    )
    loop.say(order(0, ANNA), erased, order(5, ANNA, OTHER_EXAM), order(6, BERTA, OTHER_EXAM + "x"))
    assert loop.row().patient_erased_at == loop.row(OTHER_EXAM).patient_erased_at is not None
    assert loop.row(OTHER_EXAM + "x").patient_erased_at is None


_STORY = [
    *images(10, 60, BERTA),
    *images(20, 90, BERTA),
    order(0, ANNA, study_instance_uid=STUDY),
    order(5, CLARA, OTHER_EXAM),
    *_of_patients(30, PatientMerged, BERTA, ANNA),
    *_of_patients(40, PatientMerged, CLARA, BERTA),
    *_of_patients(45, PatientMerged, ANNA, "d" * 64),
    *_of_patients(50, PatientUnmerged, CLARA, BERTA),
    said(subject_of_patient(BERTA), 60, PatientErased, BERTA, keys_destroyed=1, erasure_reason="request"),
]


@given(st.permutations(_STORY), st.lists(st.sampled_from(_STORY)))
def test_whatever_comes_first_or_twice_the_end_is_the_same(story: list[Event], again: list[Event]) -> None:
    wanted, seen = Loop().say(*_STORY), Loop().say(*story, *again)
    assert _total(seen) == _total(wanted)
    assert _total(wanted)[EXAM][1] == 90
    wanted.close()
    seen.close()


@given(st.permutations(_STORY))
def test_an_index_that_was_lost_is_built_again_and_changes_no_row(
    story: list[Event],
) -> None:
    loop = Loop().say(*story)
    rows = [loop.row(exam_id) for exam_id in loop.states]
    said_of_patients = [event for event in story if not is_exam(event.envelope.exam_id)]
    loop.index.close()
    loop.index = Index(None)
    loop.reconciler = Reconciler(loop.index, CODEC)
    before = _total(loop)
    loop.say(*said_of_patients, *(event for row in rows for event in loop.reconciler.take_row(row)))
    assert _total(loop) == before
    loop.close()


def test_what_was_not_committed_is_gone_after_a_crash_and_said_again(tmp_path: Path) -> None:
    first = Loop(Index(tmp_path / "index"))
    first.say(order(0, ANNA, study_instance_uid=STUDY))
    first.index.commit({("rows", 0): 1})
    first.say(*images(10, 60, ANNA))
    first.index.close()
    second = Loop(Index(tmp_path / "index"))
    assert second.index.offsets() == {("rows", 0): 1}
    second.say(*images(10, 60, ANNA))
    ids = [[event.envelope.event_id for event in loop.derived] for loop in (first, second)]
    assert ids[0] == ids[1] != []
    second.close()


def test_undoing_under_the_exam_alone_is_enough_to_take_its_images(loop: Loop) -> None:
    loop.say(order(0, ANNA, study_instance_uid=STUDY), *images(10, 60, ANNA))
    loop.say(said(EXAM, 60, ExamUnreconciled, from_exam_id=STUDY_EXAM, into_exam_id=EXAM))
    assert loop.row().instance_count == 0


def test_shuffled_merges_and_their_undoing_agree_with_the_fold() -> None:
    chance = random.Random(7)
    merges = [merged(m, one, two) for m, (one, two) in enumerate([(ANNA, BERTA), (BERTA, CLARA)], 10)]
    events = [order(0, ANNA), *merges, unmerged(30, BERTA, CLARA)]
    for _ in range(20):
        chance.shuffle(events)
        assert Loop().say(*events).row().patient_key == BERTA
