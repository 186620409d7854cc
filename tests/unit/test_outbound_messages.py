"""What goes out: an event and what is known of its patient as ORU^R01 or ORM^O01."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from typing import Any

import hl7lw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.events import (
    AcquisitionCompleted,
    AcquisitionDiscontinued,
    AcquisitionStarted,
    Event,
    ExamScheduled,
    FinalReportPublished,
    OrderCancelled,
    OrderHeld,
    PreliminaryReportPublished,
    ReportAddended,
    ReportCancelled,
    ReportCorrected,
    ReportDelivered,
)
from schemas.identity import event_id
from schemas.parts import Envelope, Phi, Source
from sinks.delivering.errors import InvalidDestinations, NotSendable
from sinks.hl7.connection import acknowledgement
from sinks.hl7.destinations import CODECS, Destination, parse_destinations
from sinks.hl7.messages import control_id, render
from sinks.hl7.steps import OUTBOUND

AT = datetime(2026, 7, 1, 8, 30, tzinfo=UTC)
TEXT = "Kein Infarkt.\nKnochen & Weichteile: o.B. | 3 ^ 2 \\ ~"
PHI = Phi(
    patient_name="Lindqvist^Maja^K^Dr.^jun.",
    patient_id="MRN|4711",
    issuer_of_patient_id="GENERAL",
    birth_date="19710304",
    sex="F",
    text=TEXT,
)
EHR = Destination(name="ehr", host="h", port=1, events=frozenset({FinalReportPublished}))


def event(cls: type[Event], number: int = 1, **fields: Any) -> Event:
    envelope = Envelope(
        event_id=event_id("test", str(number)),
        exam_id="GENERAL|A1",
        occurred_at=AT,
        recorded_at=AT,
        source=Source(system="RIS", facility="GENERAL", protocol="HL7v2"),
        source_message_id="1",
        site="GENERAL",
    )
    return cls(**{"envelope": envelope, "accession_number": "A1", **fields})


def destination(**options: Any) -> Destination:
    return Destination(**{"name": "ehr", "host": "h", "port": 1, "events": EHR.events, **options})


def parsed(content: bytes, codec: str = "utf-8") -> Any:
    """As a foreign parser reads it."""
    parser = hl7lw.Hl7Parser()
    return parser.parse_message(message=content.decode(codec))


@pytest.mark.parametrize(
    ("cls", "result"),
    [
        (PreliminaryReportPublished, "P"),
        (FinalReportPublished, "F"),
        (ReportCorrected, "C"),
        (ReportAddended, "C"),
        (ReportCancelled, "X"),
    ],
)
def test_a_report_is_an_oru_with_its_status_and_text_as_a_foreign_parser_reads_it(
    cls: type[Event], result: str
) -> None:
    message = parsed(render(event(cls), PHI, EHR))
    assert message["MSH-9"] == "ORU^R01^ORU_R01"
    assert message["OBR-25"] == result
    assert (message["OBR-3"], message["OBR-18"]) == ("A1", "A1")
    assert message["PID-5"] == "Lindqvist^Maja^K^jun.^Dr."
    observations = [segment for segment in message.segments if segment.name == "OBX"]
    assert [obx[1] for obx in observations] == ["1", "2"]
    assert {obx[11] for obx in observations} == {result}


def test_what_stands_between_delimiters_never_becomes_one() -> None:
    content = render(event(FinalReportPublished), PHI, EHR).decode()
    assert "MRN\\F\\4711^^^GENERAL^MR" in content
    assert "Knochen \\T\\ Weichteile: o.B. \\F\\ 3 \\S\\ 2 \\E\\ \\R\\" in content


@pytest.mark.parametrize(
    ("cls", "status"),
    [
        (ExamScheduled, "SC"),
        (AcquisitionStarted, "IP"),
        (AcquisitionCompleted, "CM"),
        (OrderCancelled, "CA"),
        (AcquisitionDiscontinued, "DC"),
        (OrderHeld, "HD"),
    ],
)
def test_a_change_of_an_order_is_an_orm_with_its_status(cls: type[Event], status: str) -> None:
    message = parsed(render(event(cls), PHI, EHR))
    assert message["MSH-9"] == "ORM^O01^ORM_O01"
    assert (message["ORC-1"], message["ORC-3"], message["ORC-5"]) == ("SC", "A1", status)
    assert TEXT.split("\n", maxsplit=1)[0] not in str(message)


def test_the_text_as_one_field_or_as_a_document_is_the_same_text() -> None:
    formatted = render(event(FinalReportPublished), PHI, destination(report_format="FT")).decode()
    assert "OBX|1|FT|18748-4^Diagnostic imaging study^LN|1|Kein Infarkt.\\.br\\Knochen" in formatted
    document = render(event(FinalReportPublished), PHI, destination(report_format="ED"))
    value = parsed(document)["OBX-5"]
    assert value.startswith("^text^plain^Base64^")
    assert base64.b64decode(value.rpartition("^")[2]).decode() == TEXT


def test_the_same_event_is_the_same_message_and_another_destinations_has_another_id() -> None:
    final = event(FinalReportPublished)
    assert render(final, PHI, EHR) == render(final, PHI, EHR)
    ids = {
        control_id(final, EHR),
        control_id(event(FinalReportPublished, 2), EHR),
        control_id(final, destination(name="archive")),
    }
    assert len(ids) == 3
    assert all(len(one) == 20 and one.isalnum() for one in ids)


def test_an_old_version_gets_no_message_structure_and_times_stand_in_the_zone_with_their_offset() -> None:
    old = parsed(render(event(FinalReportPublished), PHI, destination(version="2.3", zone="Europe/Berlin")))
    assert old["MSH-9"] == "ORU^R01"
    assert old["OBR-22"] == "20260701103000+0200"


def test_a_character_that_the_destination_cannot_read_is_never_replaced() -> None:
    latin = destination(charset="8859/1")
    assert "Knöchel" in render(event(ReportCorrected), Phi(patient_id="1", text="Knöchel"), latin).decode(
        "latin-1"
    )
    with pytest.raises(NotSendable) as refused:
        render(event(ReportCorrected), Phi(patient_id="1", text="≥ 3 mm"), latin)
    assert refused.value.reason == "NotEncodable"
    assert "3 mm" not in str(refused.value)


@pytest.mark.parametrize(
    ("phi", "fields", "reason"),
    [
        (Phi(text="t"), {}, "MissingPatient"),
        (Phi(patient_id="1"), {}, "MissingText"),
        (PHI, {"accession_number": None}, "MissingAccession"),
    ],
)
def test_what_lacks_what_a_message_needs_is_not_sent(phi: Phi, fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotSendable) as refused:
        render(event(FinalReportPublished, **fields), phi, EHR)
    assert refused.value.reason == reason


@given(text=st.text(st.characters(codec="utf-8"), min_size=1), kind=st.sampled_from(["TX", "FT", "ED"]))
def test_no_text_ends_the_block_or_begins_a_segment(text: str, kind: str) -> None:
    content = render(
        event(FinalReportPublished, report_sha256=hashlib.sha256(text.encode()).hexdigest()),
        Phi(patient_id="1", text=text),
        destination(report_format=kind),
    )
    assert b"\x0b" not in content
    assert b"\x1c" not in content
    assert {line[:4] for line in content.rstrip(b"\r").split(b"\r")} == {b"MSH|", b"PID|", b"OBR|", b"OBX|"}


def test_a_delivery_never_causes_a_delivery() -> None:
    assert ReportDelivered.__name__ not in OUTBOUND
    assert "ReportDeliveryFailed" not in OUTBOUND


def test_every_charset_is_one_that_python_knows() -> None:
    assert all("x".encode(codec) for codec in CODECS.values())


GOOD = 'name = "ehr"\nhost = "127.0.0.1"\nport = 2575\nevents = ["reports", "AcquisitionCompleted"]\n'


def test_destinations_are_declared_in_toml() -> None:
    (found,) = parse_destinations(
        f'[[destination]]\n{GOOD}tls = {{ca_file = "ca.pem"}}\n', zone="Europe/Berlin"
    )
    assert (found.name, found.port, found.zone) == ("ehr", 2575, "Europe/Berlin")
    assert FinalReportPublished in found.events
    assert AcquisitionCompleted in found.events
    assert ExamScheduled not in found.events
    assert found.tls is not None
    assert str(found.tls.ca_file) == "ca.pem"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "[[destination]]"),
        ("x = ", "no TOML"),
        ('[[destination]]\nname = "a"\n', "host is missing"),
        (f"[[destination]]\n{GOOD}prot = 1\n", "no option prot"),
        (f"[[destination]]\n{GOOD.replace('2575', '0')}", "from 1 to 65535"),
        (f"[[destination]]\n{GOOD.replace('2575', 'true')}", "from 1 to 65535"),
        (f"[[destination]]\n{GOOD.replace('reports', 'ReportDelivered')}", "no event ReportDelivered"),
        (f"[[destination]]\n{GOOD.replace('ehr', 'EHR 1')}", "lower-case"),
        (f'[[destination]]\n{GOOD}version = "3.0"\n', "one of 2.1"),
        (f'[[destination]]\n{GOOD}zone = "Berlin"\n', "IANA"),
        (f"[[destination]]\n{GOOD}tls = true\n", "tls is a table"),
        (f"[[destination]]\n{GOOD}[[destination]]\n{GOOD}", "two destinations"),
    ],
)
def test_a_mistake_in_the_file_is_named(text: str, says: str) -> None:
    with pytest.raises(InvalidDestinations) as refused:
        parse_destinations(text)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("block", "code", "control"),
    [
        (b"\x0bMSH|^~\\&|E\rMSA|AA|X1\r\x1c\r", "AA", "X1"),
        (b"junk\x0bMSH|^~\\&|E\nMSA|AE|X1|why\n\x1c\r", "AE", "X1"),
        (b"\x0bMSH$^~\\&$E\rMSA$CR$X1\r\x1c\r", "CR", "X1"),
        (b"\x0bMSH|^~\\&|E\rMSA|AA\r\x1c\r", "AA", ""),
    ],
)
def test_answers_of_other_systems_are_read(block: bytes, code: str, control: str) -> None:
    found, answered = acknowledgement(block)
    assert (found.code, answered) == (code, control)


def test_an_answer_without_msa_is_none() -> None:
    with pytest.raises(ValueError, match="MSA"):
        acknowledgement(b"\x0bMSH|^~\\&|E\r\x1c\r")
