"""Messages to events."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.hl7.explanation import explain
from producers.hl7.mapping import map_message
from producers.hl7.parsing import parse
from producers.hl7.rejections import (
    MissingAccession,
    MissingPatient,
    MissingSegment,
    Rejected,
    UnknownMessageType,
    UnknownOrderStatus,
    UnknownResultStatus,
)
from schemas.keyring import FileKeyRing
from tests.producing import HL7_DATA, MAPPING, RECORDED_AT, SITE_KEY, golden_events

GOLDEN = sorted(HL7_DATA.glob("*.hl7"))
HEADER = "MSH|^~\\&|RIS|NORTH|||20260303||{kind}|1|P|2.5.1\r"
PATIENT = "PID|||8812^^^NORTH^MR\r"
ORDER = "ORC|NW|P1|F1\rOBR|1|P1|F1\r"


@pytest.fixture(scope="module")
def ring(tmp_path_factory: pytest.TempPathFactory) -> FileKeyRing:
    """An empty key ring."""
    return FileKeyRing(tmp_path_factory.mktemp("keys"), SITE_KEY)


def rejected(text: str, ring: FileKeyRing) -> Rejected:
    """Why `text` is rejected."""
    with pytest.raises(Rejected) as caught:
        map_message(parse(text.encode()), MAPPING, ring, RECORDED_AT)
    return caught.value


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_golden_message_gives_its_golden_events(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text("utf-8"))
    assert golden_events(path.read_bytes()) == expected


@given(st.sampled_from(GOLDEN), st.sampled_from([b"\r", b"\n", b"\r\n"]))
def test_a_message_sent_again_gives_the_same_event_ids(path: Path, end: bytes) -> None:
    raw = path.read_bytes()
    again = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", end)
    first, second = golden_events(raw), golden_events(again)
    assert [e["envelope"]["event_id"] for e in first] == [e["envelope"]["event_id"] for e in second]


def test_all_golden_events_have_ids_of_their_own() -> None:
    ids = [event["envelope"]["event_id"] for path in GOLDEN for event in golden_events(path.read_bytes())]
    assert len(set(ids)) == len(ids)


def test_no_phi_stands_outside_the_sealed_part(ring: FileKeyRing) -> None:
    for path in GOLDEN:
        for event in map_message(parse(path.read_bytes()), MAPPING, ring, RECORDED_AT):
            in_clear = repr(event)
            for secret in ("OKONKWO", "AMARA", "8812", "19820514", "MÜLLER", "haemorrhage", "771"):
                assert secret not in in_clear.replace(event.envelope.patient_key or "", "")


@pytest.mark.parametrize(
    ("text", "reason", "code", "error"),
    [
        (HEADER.format(kind="ADT^A99") + PATIENT, UnknownMessageType, "AR", "201"),
        (HEADER.format(kind="XYZ^X01") + PATIENT, UnknownMessageType, "AR", "200"),
        (HEADER.format(kind="") + PATIENT, UnknownMessageType, "AR", "200"),
        (HEADER.format(kind="ORM^O01") + ORDER, MissingPatient, "AE", "101"),
        (HEADER.format(kind="ORM^O01") + "PID|||^^^NORTH\r" + ORDER, MissingPatient, "AE", "101"),
        (HEADER.format(kind="ORM^O01") + PATIENT, MissingSegment, "AE", "100"),
        (HEADER.format(kind="ORM^O01") + PATIENT + "ORC|NW\rOBR|1\r", MissingAccession, "AE", "101"),
        (HEADER.format(kind="ORM^O01") + PATIENT + "ORC|ZZ|||\r", UnknownOrderStatus, "AE", "103"),
        (HEADER.format(kind="ORU^R01") + PATIENT + "OBR|1|P1|F1\r", UnknownResultStatus, "AE", "103"),
    ],
)
def test_a_message_that_cannot_be_mapped_is_rejected_with_its_reason(
    text: str, reason: type[Rejected], code: str, error: str, ring: FileKeyRing
) -> None:
    why = rejected(text, ring)
    assert (type(why), why.code, why.error) == (reason, code, error)


def test_one_wrong_order_rejects_the_whole_message(ring: FileKeyRing) -> None:
    text = HEADER.format(kind="ORM^O01") + PATIENT + ORDER + "ORC|NW\rOBR|2\r"
    assert isinstance(rejected(text, ring), MissingAccession)


def test_an_accession_of_another_issuer_is_another_exam() -> None:
    def exam_id(issuer: str) -> str:
        order = f"ORC|NW\rOBR|1||F1{issuer}\r"
        events = golden_events((HEADER.format(kind="ORM^O01") + PATIENT + order).encode())
        return str(events[0]["envelope"]["exam_id"])

    assert (exam_id(""), exam_id("^SOUTH")) == ("NORTH|F1", "SOUTH|F1")


def test_a_patient_whose_issuer_is_the_site_is_the_same_with_and_without_it() -> None:
    def patient_key(identifier: str) -> str:
        text = HEADER.format(kind="ADT^A04") + f"PID|||{identifier}\r"
        return str(golden_events(text.encode())[0]["envelope"]["patient_key"])

    assert patient_key("8812") == patient_key("8812^^^NORTH^MR") != patient_key("8812^^^SOUTH^MR")


def test_the_medical_record_number_is_chosen_among_identifiers() -> None:
    text = HEADER.format(kind="ADT^A04") + "PID|||9^^^NATIONAL^NI~8812^^^NORTH^MR\r"
    assert golden_events(text.encode())[0]["envelope"]["phi"]["patient_id"] == "8812"


def test_without_any_time_it_occurred_when_we_learned_of_it() -> None:
    text = "MSH|^~\\&|RIS|NORTH|||then||ADT^A04|1|P|2.5.1\r" + PATIENT
    assert golden_events(text.encode())[0]["envelope"]["occurred_at"] == RECORDED_AT.isoformat()


def test_a_sentence_where_a_code_belongs_is_sealed() -> None:
    def cancelled(reason: str) -> tuple[object, object]:
        order = f"ORC|CA|P1|F1{'|' * 13}{reason}\rOBR|1|P1|F1\r"
        event = golden_events((HEADER.format(kind="ORM^O01") + PATIENT + order).encode())[0]
        return event["reason"], event["envelope"]["phi"].get("text")

    assert cancelled("DUP") == ("DUP", None)
    assert cancelled("DUP^Duplicate") == ("DUP", "Duplicate")
    assert cancelled("Mrs Okonkwo went home") == (None, "Mrs Okonkwo went home")


def test_only_a_group_that_says_something_needs_an_accession_number() -> None:
    order = "ORC|PA|P1\rOBR|1|P1\rORC|CH|P1|F2\rOBR|2|P1|F2\r"
    events = golden_events((HEADER.format(kind="ORM^O01") + PATIENT + order).encode())
    assert [event["envelope"]["exam_id"] for event in events] == ["NORTH|F2"]


def test_an_exam_named_twice_in_one_order_is_one() -> None:
    order = f"ORC|NW|P1|F1\rOBR|1|P1|F1{'|' * 15}A1~A2~A1\r"
    events = golden_events((HEADER.format(kind="ORM^O01") + PATIENT + order).encode())
    assert [event["envelope"]["exam_id"] for event in events] == ["NORTH|A1", "NORTH|A2"]


def test_a_merge_with_itself_says_nothing() -> None:
    text = HEADER.format(kind="ADT^A40") + PATIENT + "MRG|8812^^^NORTH^MR\r"
    assert golden_events(text.encode()) == []


def test_a_merge_is_said_under_both_patients_and_belongs_to_the_one_that_stays() -> None:
    text = HEADER.format(kind="ADT^A40") + PATIENT + "MRG|9917^^^NORTH^MR\r"
    survivor, gone = golden_events(text.encode())
    assert survivor["envelope"]["exam_id"] == f"patient|{survivor['surviving_patient_key']}"
    assert gone["envelope"]["exam_id"] == f"patient|{gone['merged_patient_key']}"
    assert survivor["envelope"]["patient_key"] == gone["envelope"]["patient_key"]
    assert survivor["envelope"]["patient_key"] == survivor["surviving_patient_key"]


@given(st.sampled_from(GOLDEN), st.data())
def test_a_mutilated_message_is_mapped_or_rejected(path: Path, data: st.DataObject) -> None:
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=4))
        if not raw:
            return
    with contextlib.suppress(Rejected):
        explain(bytes(raw), MAPPING, RECORDED_AT)
