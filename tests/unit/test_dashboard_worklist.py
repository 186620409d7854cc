"""Pages of the worklist hold each exam once, however they are cut; patients are opened, and erased."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.cards import card, exam_sheet
from dashboards.paging import write_cursor
from dashboards.patients import Patients, display_name, pseudonym
from dashboards.questions import BadQuestion
from dashboards.worklist import Question, page, position, read_position
from schemas.errors import KeyRingUnreachable
from schemas.keyring import FileKeyRing
from schemas.parts import Phi
from schemas.phi import Generations
from tests.dashboard_rows import NOON, row, sealed
from tests.served_board import key_directory

NOBODY = Patients(None)
CARDS = [card(row(number, since=NOON - timedelta(minutes=number % 7)), NOBODY) for number in range(50)]


@given(st.integers(1, 60))
def test_pages_hold_each_exam_once_in_the_order_of_urgency(limit: int) -> None:
    seen = []
    cursor = None
    while True:
        found = page(CARDS, Question(limit=limit, after=read_position(cursor) if cursor else None))
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
    assert read_position(write_cursor(position(CARDS[7]))) == position(CARDS[7])


@given(st.text(max_size=40))
def test_a_cursor_that_was_never_given_is_refused(cursor: str) -> None:
    with pytest.raises(BadQuestion, match="next_cursor"):
        read_position(cursor)


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


def test_an_erased_patient_is_shown_as_erased_from_the_same_moment_on(tmp_path: Path) -> None:
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    item = sealed(row(1), ring, "Lindqvist^Erik")
    assert item.patient_key is not None
    patients = Patients(ring)
    assert card(item, patients)["patient"] == "Lindqvist, Erik"
    ring.destroy(item.patient_key)
    for shown in (card(item, patients), exam_sheet(item, patients), card(item, Patients(ring))):
        assert shown["erased"] is True
        assert not {"patient", "patient_id", "birth_date", "sex"} & shown.keys()


def test_an_erased_patient_who_comes_again_has_a_name_in_the_new_exam_only(tmp_path: Path) -> None:
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    before = sealed(row(1), ring, "Lindqvist^Erik")
    assert before.patient_key is not None
    ring.destroy(before.patient_key)
    after = sealed(row(2, patient_key=before.patient_key), ring, "Lindqvist^Erik")
    patients = Patients(ring)
    assert card(after, patients)["patient"] == "Lindqvist, Erik"
    assert "erased" not in card(after, patients)
    assert card(before, patients)["erased"] is True


def test_where_no_name_is_ever_shown_the_row_itself_tells_of_an_erasure() -> None:
    assert card(row(1, patient_erased_at=NOON), NOBODY)["erased"] is True
    assert "erased" not in card(row(1), NOBODY)


def test_exams_that_were_shown_with_a_name_are_named_once_when_their_patient_is_erased(
    tmp_path: Path,
) -> None:
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    rows = [sealed(row(number), ring, f"Family{number}") for number in range(4)]
    patients = Patients(ring)
    for item in rows[:3]:
        patients.who(item)
    for item in (rows[1], rows[2], rows[3]):
        assert item.patient_key is not None
        ring.destroy(item.patient_key)
    assert patients.who(rows[1]).erased  # seen by somebody's question before the board asks
    assert patients.erased_among(rows) == [rows[1].exam_id, rows[2].exam_id]
    assert patients.erased_among(rows) == []


class _Away:
    """A ring whose store gives no answer, and counts who asked."""

    asked = 0

    def current_key(self, subject: str) -> tuple[str, bytes]:
        raise NotImplementedError

    def key(self, key_id: str) -> bytes:
        self.asked += 1
        raise KeyRingUnreachable(f"no answer about {key_id}")

    def destroy(self, subject: str) -> int:
        raise NotImplementedError

    def generations(self, subject: str) -> Generations:
        raise NotImplementedError


def test_a_ring_that_gives_no_answer_is_left_alone_for_a_while_and_asked_again(tmp_path: Path) -> None:
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    rows = [sealed(row(number), ring, "Lindqvist^Erik") for number in range(20)]
    clock, away = [0.0], _Away()
    patients = Patients(away, lambda: clock[0])
    assert not any(patients.who(item).erased or patients.who(item).phi for item in rows)
    patients.prepare(rows)
    assert away.asked == 1
    clock[0] = 16.0
    patients.who(rows[0])
    assert away.asked == 2


def test_opened_names_take_bounded_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.patients._REMEMBERED_PATIENTS", 2)
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    patients = Patients(ring)
    for number in range(5):
        patients.who(sealed(row(number), ring, f"Family{number}"))
    assert len(patients._known) == 2


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


def test_a_card_tells_what_one_ought_to_know_before_trusting_it() -> None:
    doubtful = row(1, "unmatched", patient_mismatch=True, accession_reused=True, patient_erased_at=NOON)
    assert card(doubtful, NOBODY)["doubts"] == ["unmatched", "mismatch", "reused", "erased"]
    assert "doubts" not in card(row(1), NOBODY)


def test_a_card_tells_what_sets_the_exam_apart_besides_what_is_doubtful() -> None:
    apart = row(
        1,
        critical_category="1",
        finding_present=True,
        held_since_at=NOON,
        delay_code="RID45961",
        images_complete=False,
        reconciled_from_count=2,
    )
    assert card(apart, NOBODY)["flags"] == [
        "critical",
        "finding",
        "held",
        "delayed",
        "late_images",
        "reconciled",
    ]
    over = row(1, critical_category="1", critical_acknowledged_at=NOON, finding_present=True, final_at=NOON)
    assert "flags" not in card(over, NOBODY)
    assert card(row(1), NOBODY)["site"] == "GENERAL"
