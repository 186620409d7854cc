"""Pages of the worklist hold each exam once, however they are cut; patients are opened and forgotten."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.cards import card, exam_sheet
from dashboards.patients import Patients, display_name, pseudonym
from dashboards.worklist import BadQuestion, Question, cursor_of, page, position, read_cursor
from schemas.keyring import FileKeyRing
from schemas.parts import Phi
from tests.dashboard_rows import NOON, key_directory, row, sealed

NOBODY = Patients(None)
CARDS = [card(row(number, since=NOON - timedelta(minutes=number % 7)), NOBODY) for number in range(50)]


@given(st.integers(1, 60))
def test_pages_hold_each_exam_once_in_the_order_of_urgency(limit: int) -> None:
    seen = []
    cursor = None
    while True:
        found = page(CARDS, Question(limit=limit, after=read_cursor(cursor) if cursor else None))
        assert found.total == len(CARDS)
        seen += found.items
        cursor = found.next_cursor
        if cursor is None:
            break
    assert seen == sorted(CARDS, key=position)
    assert seen[0]["priority"] == "STAT"


def test_the_filters_are_joined_by_and() -> None:
    found = page(CARDS, Question(modality="US", priority="STAT", stage="ordered", text="procedure a000"))
    assert {item["exam_id"] for item in found.items} == {
        item["exam_id"] for item in CARDS if item["modality"] == "US" and item["priority"] == "STAT"
    }
    assert page(CARDS, Question(stage="final")).items == []


def test_a_cursor_names_the_place_of_its_card() -> None:
    assert read_cursor(cursor_of(CARDS[7])) == position(CARDS[7])


@given(st.text(max_size=40))
def test_a_cursor_that_was_never_given_is_refused(cursor: str) -> None:
    with pytest.raises(BadQuestion, match="next_cursor"):
        read_cursor(cursor)


def test_a_question_that_makes_no_sense_says_what_would() -> None:
    with pytest.raises(BadQuestion, match="from 1 to"):
        Question(limit=0)
    with pytest.raises(BadQuestion, match="ordered, scheduled"):
        Question(stage="lost")


def test_a_name_is_opened_with_the_key_ring_and_is_a_pseudonym_without_it(tmp_path: Path) -> None:
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    item = sealed(row(1), ring, "Lindqvist^Erik^Karl")
    shown = card(item, Patients(ring))
    assert shown["patient"] == "Lindqvist, Erik Karl"
    hidden = card(item, NOBODY)
    assert "patient" not in hidden
    assert hidden["pseudonym"] == pseudonym(item.patient_key)
    assert len(hidden["pseudonym"]) == 8


def test_free_text_is_shown_nowhere(tmp_path: Path) -> None:
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    sheet = exam_sheet(sealed(row(1), ring, "Lindqvist^Erik"), Patients(ring))
    assert sheet["patient_id"] == "4711"
    assert "secret text" not in str(sheet)


def test_a_patient_whose_key_was_destroyed_is_forgotten_within_minutes(tmp_path: Path) -> None:
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    item = sealed(row(1), ring, "Lindqvist^Erik")
    assert item.patient_key is not None
    clock = [0.0]
    patients = Patients(ring, lambda: clock[0])
    assert display_name(patients.of(item)) == "Lindqvist, Erik"
    ring.destroy(item.patient_key)
    clock[0] = 301.0
    assert patients.of(item) is None


def test_opened_names_take_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.patients._REMEMBERED_PATIENTS", 2)
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    patients = Patients(ring)
    for number in range(5):
        patients.of(sealed(row(number), ring, f"Family{number}"))
    assert len(patients._opened) == 2


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Tanaka^Yuki", "Tanaka, Yuki"),
        ("Tanaka", "Tanaka"),
        ("^Yuki", "Yuki"),
        ("Yamada^Tarou=山田^太郎", "Yamada, Tarou"),
        ("", None),
        ("^^", None),
        (None, None),
    ],
)
def test_names_are_shown_as_people_write_them(written: str | None, shown: str | None) -> None:
    assert display_name(Phi(patient_name=written)) == shown
