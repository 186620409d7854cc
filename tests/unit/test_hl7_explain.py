"""`radstream hl7`: what a message is and becomes, and what a receiver answers."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from producers.hl7.acknowledgement import Outcome, acknowledge
from producers.hl7.dictionary import field_name, segment_name
from producers.hl7.explanation import explain
from producers.hl7.framing import Block, Deframer, frame
from producers.hl7.mapping import map_message
from producers.hl7.message_file import messages_in
from producers.hl7.parsing import parse
from producers.hl7.rejections import Rejected
from producers.throwaway_keys import ThrowawayKeyRing
from runtime.cli.main import build_app
from tests.producing import HL7_DATA, MAPPING, RECORDED_AT

RUNNER = CliRunner()
ORDER = HL7_DATA / "omi_o23_two_accessions.hl7"


def radstream(*arguments: str) -> Result:
    """`radstream hl7 …`"""
    return RUNNER.invoke(build_app("hl7"), ["hl7", *arguments])


def explained(*arguments: str) -> list[dict[str, Any]]:
    """What `explain --json` prints."""
    found: list[dict[str, Any]] = json.loads(radstream("explain", *arguments, "--json").stdout)
    return found


@pytest.fixture(autouse=True)
def _no_installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADSTREAM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("RADSTREAM_SITE", "NORTH")


@pytest.mark.parametrize("path", sorted(HL7_DATA.glob("*.hl7")), ids=lambda path: path.stem)
def test_an_explanation_has_the_events_that_the_listener_would_publish(path: Path) -> None:
    explanation = explain(path.read_bytes(), MAPPING, RECORDED_AT)
    events = map_message(parse(path.read_bytes()), MAPPING, ThrowawayKeyRing(), RECORDED_AT)
    assert [(e.event, e.exam_id, e.occurred_at) for e in explanation.events] == [
        (type(e).__name__, e.envelope.exam_id, e.envelope.occurred_at) for e in events
    ]
    assert events or explanation.silences


def test_each_field_has_its_name_and_its_use() -> None:
    segments = explained(str(ORDER))[0]["segments"]
    fields = {field["place"]: field for segment in segments for field in segment["fields"]}
    assert fields["PID-3"]["name"] == "Patient identifier list"
    assert fields["PID-3"]["used_as"] == ["patient_id"]
    assert fields["IPC-1"]["used_as"] == ["accession"]
    assert fields["OBR-4"]["used_as"] == ["procedure_code", "procedure_name (component 2)"]
    assert fields["IPC-2"]["used_as"] == []


def test_a_field_without_a_value_names_the_places_that_were_tried() -> None:
    event = explained(str(HL7_DATA / "orm_held.hl7"))[0]["events"][0]
    assert event["sealed"]["text"] == "Patient is not prepared"
    placed = explained(str(HL7_DATA / "orm_order_without_time.hl7"))[0]
    assert placed["events"][0]["empty"]["study_instance_uid"] == ["ZDS-1", "IPC-3"]
    assert placed["silences"][0]["code"] == "not_scheduled"


def test_what_the_listener_would_refuse_is_said_with_its_place(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.hl7"
    wrong.write_bytes(b"MSH|^~\\&|RIS|NORTH|||2026||ORM^O01|1|P|2.5.1\rPID|||1\rORC|SC|P|F||WAIT\rOBR|1||F\r")
    answer = radstream("explain", str(wrong), "--json")
    assert answer.exit_code == 1
    assert json.loads(answer.stdout)[0]["rejected"] == {
        "reason": "UnknownOrderStatus",
        "detail": "no step for ORC-1 'SC' with ORC-5 'WAIT'",
        "error": "103",
        "location": "ORC-5",
    }


def test_times_that_are_doubtful_are_named() -> None:
    found = explained(str(HL7_DATA / "orm_time_skipped_and_ambiguous.hl7"))[0]["warnings"]
    assert {(w["location"], w["code"]) for w in found} == {
        ("ORC-9", "time_without_offset"),
        ("OBR-27.4", "time_without_offset"),
    }
    config = explain((HL7_DATA / "orm_time_skipped_and_ambiguous.hl7").read_bytes(), MAPPING, RECORDED_AT)
    codes = [(warning.location, warning.code) for warning in config.warnings]
    assert ("ORC-9", "skipped_time") in codes
    assert ("OBR-27.4", "ambiguous_time") in codes


def test_a_wrong_character_set_is_named(tmp_path: Path) -> None:
    file = tmp_path / "latin.hl7"
    header = "MSH|^~\\&|RIS|NORTH|||2026||ADT^A04|1|P|2.5.1||||||UNICODE UTF-8\r"
    file.write_bytes((header + "PID|||1||MÜLLER\r").encode("latin-1"))
    found = explained(str(file))[0]
    assert ("MSH-18", "wrong_character_set") in [(w["location"], w["code"]) for w in found["warnings"]]
    assert found["events"][0]["sealed"]["patient_name"] == "MÜLLER"


def test_a_profile_is_chosen_by_name_or_by_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("default = 'mine'\n[profiles.mine.paths]\naccession = ['ORC-3']\n", "utf-8")
    by_file = explained(str(ORDER), "--profile", str(file))[0]
    assert (by_file["profile"], by_file["events"][0]["exam_id"]) == ("mine", "NORTHRIS|F201")
    assert explained(str(ORDER), "--profile", "ihe")[0]["events"][0]["exam_id"] == "NORTHRIS|ACC-2002"
    unknown = radstream("explain", str(ORDER), "--profile", "mine")
    assert unknown.exit_code == 1
    assert "there are: ihe" in unknown.stderr


def test_the_page_for_people_shows_events_and_answer() -> None:
    text = radstream("explain", str(HL7_DATA / "orm_held.hl7")).stdout
    for part in ("Patient name", "OrderHeld", "sealed", "AA 1 events"):
        assert part in text


def test_explaining_makes_no_installation(tmp_path: Path) -> None:
    radstream("explain", str(ORDER))
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"PID|1\r"])
def test_a_file_without_a_message_is_an_error_that_says_so(content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "none.hl7"
    file.write_bytes(content)
    answer = radstream("explain", str(file))
    assert answer.exit_code == 1
    assert "no line begins with MSH" in answer.stderr.replace("\n", " ")


A, B = b"MSH|^~\\&|A|B\rPID|1\r", b"MSH|^~\\&|C|D\rPID|2\r"


@pytest.mark.parametrize(
    "raw",
    [
        A + B,
        (A + B).replace(b"\r", b"\n"),
        (A + B).replace(b"\r", b"\r\n"),
        b"FHS|^~\\&|X\rBHS|^~\\&|X\r" + A + B + b"BTS|2\rFTS|1\r",
        frame(A) + b"\r\n" + frame(B),
        b"\n\nsaved by hand:\n" + A + b"\n" + B,
    ],
)
def test_every_message_of_a_file_is_found(raw: bytes) -> None:
    assert [parse(found).get("PID-1") for found in messages_in(raw)] == ["1", "2"]


@given(st.binary(max_size=300))
def test_any_file_gives_messages_or_none(raw: bytes) -> None:
    assert isinstance(messages_in(raw), list)


@pytest.mark.parametrize(
    ("version", "segment", "field", "name"),
    [
        ("2.5.1", "OBR", 18, "Placer field 1"),
        ("2.1", "PID", 3, "Patient ID internal ID"),
        ("2.3", "IPC", 1, "Accession identifier"),
        ("9.9", "MSH", 10, "Message control ID"),
        ("2.5.1", "ZDS", 1, "Study Instance UID"),
        ("2.5.1", "ZZZ", 1, ""),
    ],
)
def test_fields_have_the_standards_names(version: str, segment: str, field: int, name: str) -> None:
    assert field_name(version, segment, field) == name


def test_segments_have_names() -> None:
    assert [segment_name(name) for name in ("PID", "ZRA", "QQQ")] == [
        "Patient identification",
        "Defined by the site",
        "",
    ]


@contextmanager
def receiver() -> Iterator[int]:
    """A listener on a real socket that answers as ours does, without Kafka: its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_serve, args=(server,))
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            thread.join(60)


def _serve(server: socket.socket) -> None:
    server.settimeout(5)
    connection, _ = server.accept()
    connection.settimeout(5)
    deframer = Deframer(1_000_000)
    with connection:
        while data := connection.recv(65536):
            for found in deframer.feed(data):
                assert isinstance(found, Block)
                for answer in _answers(found.content):
                    connection.sendall(frame(answer))


def _hang_up(server: socket.socket) -> None:
    server.settimeout(5)
    server.accept()[0].close()


def _answers(raw: bytes) -> list[bytes]:
    message = parse(raw)
    outcome = Outcome.accepted()
    try:
        map_message(message, MAPPING, ThrowawayKeyRing(), RECORDED_AT)
    except Rejected as rejected:
        outcome = Outcome.rejected(rejected)
    return acknowledge(message, outcome, datetime.now(UTC), "A1")


def test_a_directory_is_sent_and_every_answer_shown() -> None:
    with receiver() as port:
        answer = radstream("send", str(HL7_DATA), "--port", str(port), "--json")
    assert answer.exit_code == 0, answer.output
    result = json.loads(answer.stdout)
    assert result["sent"] == result["accepted"] == len(list(HL7_DATA.glob("*.hl7")))
    assert {a["code"] for a in result["answers"]} <= {"AA", "CA"}


def test_what_is_refused_is_shown_with_its_place_and_fails(tmp_path: Path) -> None:
    header = "MSH|^~\\&|RIS|NORTH|||2026||ORM^O01|77|P|{version}|||{asks}\r"
    for name, version, asks in (("a", "2.5.1", ""), ("b", "2.3", ""), ("c", "2.5.1", "AL|AL")):
        text = header.format(version=version, asks=asks) + "PID|||1\rORC|SC|P|F||WAIT\rOBR|1||F\r"
        (tmp_path / f"{name}.hl7").write_text(text, "ascii")
    with receiver() as port:
        answer = radstream("send", str(tmp_path), "--port", str(port), "--json")
    assert answer.exit_code == 1
    result = json.loads(answer.stdout)
    assert [a["code"] for a in result["answers"]] == ["AE", "AE", "CE", "AE"]
    assert {(a["control_id"], a["error"], a["location"]) for a in result["answers"]} == {
        ("77", "103", "ORC-5")
    }


def test_a_message_that_asks_for_no_answer_is_not_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "quiet.hl7"
    file.write_bytes(b"MSH|^~\\&|A|B|||2026||ADT^A04|1|P|2.5.1|||NE|NE\rPID|||1\r")
    with receiver() as port:
        answer = radstream("send", str(file), "--port", str(port))
    assert answer.exit_code == 0
    assert "1 of 1 messages" in answer.stdout


def test_nobody_there_says_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    answer = radstream("send", str(ORDER), "--port", str(port), "--json")
    assert answer.exit_code == 1
    assert "radstream status" in json.loads(answer.stdout)["error"]


def test_a_receiver_that_stays_silent_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = str(silent.getsockname()[1])
        answer = radstream("send", str(ORDER), "--port", port, "--timeout", "0.2", "--json")
    assert "no answer within 0.2 s" in json.loads(answer.stdout)["error"]


def test_a_receiver_without_tls_is_named_as_that() -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        thread = threading.Thread(target=_hang_up, args=(plain,))
        thread.start()
        answer = radstream("send", str(ORDER), "--port", str(plain.getsockname()[1]), "--tls", "--json")
        thread.join(60)
    assert answer.exit_code == 1
    assert "no TLS with" in json.loads(answer.stdout)["error"]
