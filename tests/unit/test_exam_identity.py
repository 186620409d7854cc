"""Reconciliation, merges and doubts, as the worklist shows them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given

from processors.fold import fold
from processors.turnaround import turnaround_row
from processors.worklist import worklist_row
from schemas.events import (
    AcquisitionCompleted,
    Event,
    EventCorrected,
    ExamUnreconciled,
    FinalReportPublished,
    MismatchDetected,
    PatientErased,
    PatientMerged,
)
from schemas.identity import exam_id_of_study
from schemas.parts import SealedPhi
from tests.exam_events import (
    ANNA,
    BERTA,
    CLARA,
    EXAM,
    STUDY_EXAM,
    images,
    merged,
    order,
    reconciled,
    row_of,
    said,
    unmerged,
    unreconciled,
)
from tests.histories import EXAMS, MORNING, PATIENTS, histories

OTHER_STUDY_EXAM = exam_id_of_study("GENERAL", "1.2.840.2")
WHAT_CAME: dict[str, Any] = {
    "first_image_at": MORNING + timedelta(minutes=30),
    "stored_at": MORNING + timedelta(minutes=31),
    "series_count": 2,
    "instance_count": 60,
    "images_patient_key": ANNA,
    "modality": "CT",
}


def test_a_reconciled_study_exam_says_where_it_went_and_is_unmatched_no_more() -> None:
    row = row_of([*images(30, 60, ANNA), reconciled(STUDY_EXAM, 40)], STUDY_EXAM)
    assert (row.reconciled_into, row.stage, row.unmatched) == (EXAM, "reconciled", False)


def test_the_exam_takes_milestones_and_counts_of_the_reconciled_images() -> None:
    events = [order(0, ANNA), reconciled(EXAM, 40, **WHAT_CAME)]
    row = row_of(events)
    assert (row.first_image_at, row.stored_at) == (WHAT_CAME["first_image_at"], WHAT_CAME["stored_at"])
    assert (row.stage, row.series_count, row.instance_count, row.modality) == ("stored", 2, 60, "CT")
    assert (row.reconciled_from_count, row.patient_mismatch) == (1, False)


def test_the_time_to_the_archive_is_measured_to_the_reconciled_images() -> None:
    events = [order(0, ANNA), said(EXAM, 20, AcquisitionCompleted), reconciled(EXAM, 40, **WHAT_CAME)]
    seconds = {i.name: i.seconds for i in turnaround_row(fold(events)[EXAM]).intervals}
    assert seconds["completion_to_stored"] == 11 * 60


def test_images_of_several_studies_and_the_exams_own_add_up_each_by_its_latest_count() -> None:
    more = WHAT_CAME | {"instance_count": 80}
    other = WHAT_CAME | {"instance_count": 7, "series_count": 1}
    events = [
        *images(5, 100, ANNA, EXAM),
        reconciled(EXAM, 40, **WHAT_CAME),
        reconciled(EXAM, 45, **more),
        reconciled(EXAM, 46, OTHER_STUDY_EXAM, **other),
    ]
    row = row_of(events)
    assert (row.instance_count, row.series_count, row.reconciled_from_count) == (187, 4, 2)


def test_undoing_takes_back_what_was_recorded_before_and_nothing_that_comes_later() -> None:
    before = [order(0, ANNA), reconciled(EXAM, 40, **WHAT_CAME)]
    undone = [*before, unreconciled(EXAM, 50)]
    assert (row_of(undone).instance_count, row_of(undone).reconciled_from_count) == (0, 0)
    again = row_of([*undone, reconciled(EXAM, 60, reconciled_by="someone")])
    assert (again.instance_count, again.reconciled_from_count) == (60, 1)
    study = [*images(30, 60, ANNA), reconciled(STUDY_EXAM, 40), unreconciled(STUDY_EXAM, 50)]
    row = row_of(study, STUDY_EXAM)
    assert (row.reconciled_into, row.unmatched, row.unreconciled) == (None, True, True)


def test_a_retracted_reconciliation_does_not_stand() -> None:
    first = reconciled(EXAM, 40, **WHAT_CAME)
    retraction = said(EXAM, 41, EventCorrected, corrects=first.envelope.event_id)
    assert row_of([order(0, ANNA), first, retraction]).instance_count == 0


def test_images_of_another_patient_are_a_mismatch_until_a_merge_explains_it() -> None:
    events = [order(0, ANNA), reconciled(EXAM, 40, **WHAT_CAME | {"images_patient_key": BERTA})]
    assert row_of(events).patient_mismatch
    assert not row_of(events).accession_reused
    assert not row_of([*events, merged(50, BERTA, ANNA)]).patient_mismatch
    assert row_of([*events, merged(50, BERTA, ANNA), unmerged(60, BERTA, ANNA)]).patient_mismatch


def test_own_images_of_another_patient_are_a_mismatch_and_the_row_shows_the_orders() -> None:
    row = row_of([*images(1, 9, BERTA, EXAM), order(20, ANNA)])
    assert (row.patient_mismatch, row.patient_key) == (True, ANNA)


def test_a_mismatch_that_someone_detected_is_shown() -> None:
    found = {"expected_patient_key": ANNA, "found_patient_key": BERTA}
    events = [order(0, ANNA), said(EXAM, 9, MismatchDetected, attribute="patient", **found)]
    assert row_of(events).patient_mismatch
    assert not row_of([*events, merged(50, ANNA, BERTA)]).patient_mismatch
    assert not row_of(
        [order(0, ANNA), said(EXAM, 9, MismatchDetected, attribute="modality")]
    ).patient_mismatch


def test_an_accession_that_was_given_to_two_patients_is_flagged_and_stays_the_first_orders() -> None:
    events = [order(10, BERTA), order(0, ANNA), said(EXAM, 30, FinalReportPublished, BERTA)]
    row = row_of(events)
    assert (row.accession_reused, row.patient_key, row.event_count) == (True, ANNA, 3)


def test_a_row_never_shows_the_name_of_another_patient_than_its_own() -> None:
    mislabelled = _naming(images(20, 9, BERTA, EXAM)[0], BERTA)
    ordered = _naming(order(0, ANNA), ANNA)
    row = row_of([mislabelled, ordered])
    assert (row.patient_key, row.phi_event_id) == (ANNA, ordered.envelope.event_id)
    assert row_of([mislabelled, order(0, ANNA)]).phi is None
    one_person = row_of([mislabelled, order(0, ANNA), merged(40, ANNA, BERTA)])
    assert one_person.phi_event_id == mislabelled.envelope.event_id


def test_one_event_id_said_of_two_patients_names_the_same_one_in_whatever_order_it_comes() -> None:
    said_of = [_naming(order(0, None), patient_key) for patient_key in (ANNA, BERTA)]
    assert row_of(said_of).phi == row_of(said_of[::-1]).phi


def _naming(event: Event, patient_key: str) -> Event:
    sealed = SealedPhi(key_id=f"{patient_key}/1", nonce=b"n" * 12, ciphertext=b"sealed")
    return replace(event, envelope=replace(event.envelope, phi=sealed))


def test_two_keys_of_one_person_are_no_reuse_and_the_row_shows_the_key_that_stays() -> None:
    events = [order(0, ANNA), said(EXAM, 30, FinalReportPublished, BERTA)]
    row = row_of([*events, merged(40, ANNA, CLARA), merged(41, BERTA, CLARA)])
    assert (row.accession_reused, row.patient_key) == (False, CLARA)


def test_merges_go_on_in_chains_and_are_undone_one_by_one() -> None:
    chain = [order(0, ANNA), merged(20, ANNA, BERTA), merged(30, BERTA, CLARA)]
    assert row_of(chain).patient_key == CLARA
    assert row_of([*chain, unmerged(40, BERTA, CLARA)]).patient_key == BERTA
    assert row_of([*chain, unmerged(40, ANNA, BERTA)]).patient_key == ANNA
    assert row_of([*chain, unmerged(40, ANNA, BERTA), merged(50, ANNA, BERTA)]).patient_key == CLARA


@pytest.mark.parametrize(("key", "shown"), [(ANNA, True), (BERTA, False)])
def test_an_exam_shows_when_its_patients_keys_were_destroyed(key: str, shown: bool) -> None:
    erased = said(EXAM, 70, PatientErased, key, keys_destroyed=1, erasure_reason="request")
    row = row_of([order(0, ANNA), merged(20, ANNA, BERTA), erased])
    assert row.patient_erased_at == (MORNING + timedelta(minutes=70) if shown else None)


@given(histories())
def test_a_study_that_was_taken_back_from_everywhere_last_stands_alone(events: list[Event]) -> None:
    study, *others = reversed(EXAMS)
    end = [
        said(study, 60 * 48, ExamUnreconciled, None, from_exam_id=study, into_exam_id=other)
        for other in (study, *others)
    ]
    row = worklist_row(fold([*events, *end])[study])
    assert row.reconciled_into is None
    assert row.stage != "reconciled"
    assert row.unreconciled


@given(histories())
def test_after_every_merge_is_undone_the_row_is_as_if_none_had_been(events: list[Event]) -> None:
    kept = _plainly_said(events)
    undone = [unmerged(60 * 48, gone, stays) for gone in PATIENTS for stays in PATIENTS]
    without = [event for event in kept if not isinstance(event, PatientMerged)]
    row, wanted = (row_of([*some, *undone]) for some in (kept, without))
    for name in ("patient_key", "patient_mismatch", "accession_reused"):
        assert getattr(row, name) == getattr(wanted, name)


def _plainly_said(events: list[Event]) -> list[Event]:
    """Without retractions and repeated ids, which hide more than merges."""
    return list({e.envelope.event_id: e for e in events if e.envelope.corrects is None}.values())
