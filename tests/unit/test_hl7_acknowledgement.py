"""Answers to messages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from producers.hl7.acknowledgement import Outcome, acknowledge, refuse
from producers.hl7.message import Message
from producers.hl7.parsing import parse
from producers.hl7.rejections import MissingAccession, UnknownMessageType

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
MISSING = Outcome.rejected(MissingAccession("no accession number", "OBR-18"))


def asked(version: str = "2.5.1", accept: str = "", application: str = "", charset: str = "") -> Message:
    """A message that asks for acknowledgement in its way."""
    header = f"MSH|^~\\&|RIS|NORTH|RAD|SITE|20260303||ORM^O01|C-17|T|{version}|||{accept}|{application}"
    return parse(f"{header}||{charset}\r".encode())


def answers(message: Message, outcome: Outcome) -> list[Message]:
    """The answers, parsed."""
    return [parse(raw) for raw in acknowledge(message, outcome, NOW, "ACK1")]


def test_the_answer_goes_back_to_the_sender_with_its_control_id_version_and_processing_id() -> None:
    (answer,) = answers(asked("2.4", charset="8859/1"), Outcome.accepted())
    header = {number: answer.get(f"MSH-{number}") for number in (3, 4, 5, 6, 10, 11, 12, 18)}
    assert header == {
        3: "RAD", 4: "SITE", 5: "RIS", 6: "NORTH", 10: "ACK1", 11: "T", 12: "2.4", 18: "8859/1",
    }  # fmt: skip
    assert (answer.get("MSA-1"), answer.get("MSA-2")) == ("AA", "C-17")
    assert [segment.name for segment in answer.segments] == ["MSH", "MSA"]


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("2.1", "ACK"),
        ("2.2", "ACK^O01"),
        ("2.3", "ACK^O01"),
        ("2.3.1", "ACK^O01^ACK"),
        ("2.8", "ACK^O01^ACK"),
    ],
)
def test_the_answer_has_the_message_type_of_the_senders_version(version: str, kind: str) -> None:
    (answer,) = answers(asked(version), Outcome.accepted())
    assert answer.header.raw(9) == kind


def test_an_error_since_v2_5_names_place_code_severity_and_text() -> None:
    (answer,) = answers(asked(), MISSING)
    assert answer.get("MSA-1") == "AE"
    error = next(answer.all("ERR"))
    assert error.raw(2) == "OBR^1^18"
    assert error.raw(3) == "101^Required field missing^HL70357"
    assert (error.raw(4), error.raw(8)) == ("E", "no accession number")


def test_an_error_before_v2_5_is_one_field() -> None:
    (answer,) = answers(asked("2.3.1"), MISSING)
    assert next(answer.all("ERR")).raw(1) == "OBR^1^18^101&Required field missing&HL70357"


def test_an_unknown_type_is_rejected() -> None:
    (answer,) = answers(asked(), Outcome.rejected(UnknownMessageType("no mapping for X^Y", is_trigger=False)))
    assert answer.get("MSA-1") == "AR"
    assert answer.get("MSA-3") == "no mapping for X^Y"


def test_the_answer_uses_the_senders_delimiters_and_character_set() -> None:
    message = parse("MSH$%*!@$RÖS$N$$$$$ORM%O01$1$P$2.5.1$$$$$$8859/1\r".encode("iso8859-1"))
    (raw,) = acknowledge(message, MISSING, NOW, "A")
    assert raw.startswith(b"MSH$%*!@$")
    assert "RÖS".encode("iso8859-1") in raw
    assert parse(raw).get("ERR-3.1") == "101"


@pytest.mark.parametrize(
    ("accept", "application", "success", "failure"),
    [
        ("AL", "NE", ["CA"], ["CE"]),
        ("NE", "AL", ["AA"], ["AE"]),
        ("AL", "AL", ["CA", "AA"], ["CE", "AE"]),
        ("ER", "NE", [], ["CE"]),
        ("SU", "NE", ["CA"], []),
        ("NE", "NE", [], []),
        ("AL", "", ["CA"], ["CE"]),
    ],
)
def test_enhanced_mode_answers_what_is_asked_for(
    accept: str, application: str, success: list[str], failure: list[str]
) -> None:
    message = asked(accept=accept, application=application)
    assert [answer.get("MSA-1") for answer in answers(message, Outcome.accepted())] == success
    assert [answer.get("MSA-1") for answer in answers(message, MISSING)] == failure


def test_what_has_no_header_is_answered_too() -> None:
    answer = parse(refuse(MISSING, NOW, "A"))
    assert (answer.get("MSA-1"), answer.get("MSA-2"), answer.get("MSH-12")) == ("AE", "", "2.5.1")


def test_bytes_of_the_framing_are_not_echoed() -> None:
    message = parse(b"MSH|^~\\&|RIS\x0b|NORTH|||20260303||ORM^O01|C\x1c|P|2.5.1\x1c\r")
    (raw,) = acknowledge(message, Outcome.accepted(), NOW, "A")
    assert not {0x0B, 0x1C} & set(raw)
    assert parse(raw).get("MSA-2") == "C"
