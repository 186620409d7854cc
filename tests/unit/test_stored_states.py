"""States as they are stored: small, the same for equal states, and read for ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.exam_state import ExamState, Rebuild
from processors.fold import fold
from processors.state_codec import decode_state, encode_state
from processors.state_words import NAMES, STEPS
from processors.worklist import worklist_row
from schemas.events import EVENT_CLASSES, Event
from tests.exam_events import EXAM
from tests.finished_exam import finished_exam
from tests.histories import histories

STATES = Path(__file__).parents[1] / "data" / "states"
MOST_BYTES = 2_048


@pytest.mark.parametrize(
    ("name", "rebuild"), [("format-1.bin", Rebuild.OLDER_FORMAT), ("format-2.bin", Rebuild.NOT_NEEDED)]
)
def test_every_format_that_was_ever_written_is_read(name: str, rebuild: Rebuild) -> None:
    state = decode_state((STATES / name).read_bytes())
    row = worklist_row(state)
    assert (row.exam_id, row.stage, row.modality, row.priority) == (EXAM, "final", "CT", "STAT")
    assert (row.instance_count, row.station_ae_title, row.completed_at) == (60, "CT2", None)
    assert row.phi is not None
    assert row.phi.ciphertext == b"sealed"
    assert (row.patient_key, row.event_count, state.rebuild) == ("a" * 64, 8, rebuild)


def test_todays_format_is_written_as_it_was_published() -> None:
    raw = (STATES / "format-2.bin").read_bytes()
    assert encode_state(decode_state(raw)) == raw


def test_the_words_that_have_numbers_are_never_given_others() -> None:
    assert (STEPS[0], STEPS[-1], len(STEPS)) == ("PatientRegistered", "AccessRecorded", 72)
    assert (NAMES[0], NAMES[-1]) == ("accession_number", "found_patient_key")
    assert {cls.__name__ for cls in EVENT_CLASSES} >= set(STEPS)


def test_a_state_that_is_built_again_from_the_log_is_whole_and_tells_all_that_a_new_one_does() -> None:
    events = finished_exam()
    old = decode_state((STATES / "format-1.bin").read_bytes())
    plain = ExamState(EXAM)
    for event in events:
        plain.add(event)
    old.join(plain)
    assert {event_id: old.facts[event_id] for event_id in plain.facts} == plain.facts


def test_the_state_of_a_finished_exam_with_a_full_history_is_below_two_kilobytes() -> None:
    (state,) = fold(finished_exam()).values()
    steps = {fact.step for fact in state.facts.values()}
    assert len(state.facts) >= 30
    assert {"OrderPlaced", "SeriesStored", "FinalReportPublished", "CriticalResultAcknowledged"} <= steps
    assert len(encode_state(state)) < MOST_BYTES


@given(histories())
def test_a_state_comes_back_as_it_was(events: list[Event]) -> None:
    for state in fold(events).values():
        raw = encode_state(state)
        again = decode_state(raw)
        assert again == state
        assert encode_state(again) == raw


@given(histories(max_size=4), st.data())
def test_a_damaged_state_is_another_one_or_a_value_error_and_nothing_else(
    events: list[Event], data: st.DataObject
) -> None:
    for state in fold(events).values():
        raw = bytearray(encode_state(state))
        raw[data.draw(st.integers(0, len(raw) - 1))] ^= data.draw(st.integers(1, 255))
        cut = bytes(raw[: data.draw(st.integers(0, len(raw)))])
        for damaged in (bytes(raw), cut):
            try:
                decode_state(damaged)
            except ValueError as error:
                assert str(error).startswith("no exam state")  # noqa: PT017 - it need not be raised
