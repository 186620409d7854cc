"""The tables of codes: complete, and the same in the code, in the documentation and in what messages give."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from producers.hl7.mapping import MAPPER_OF_TYPE, map_message
from producers.hl7.order_steps import ORDER_CONTROLS, ORDER_STATUSES, STEPS_OF_ORDER
from producers.hl7.parsing import parse
from producers.hl7.profile_fields import VALUES
from producers.hl7.rejections import MissingSegment, UnknownOrderStatus, UnknownResultStatus
from producers.hl7.report_steps import AVAILABILITIES, DOCUMENT_STATUSES, DOCUMENT_TRIGGERS, RESULT_STATUSES
from producers.hl7.tables import rewritten
from producers.hl7.visit_steps import APPOINTMENT_TRIGGERS
from producers.throwaway_keys import ThrowawayKeyRing
from tests.producing import HL7_DATA, MAPPING, RECORDED_AT

DOCS = Path(__file__).parents[2] / "docs" / "hl7.md"
HEADER = "MSH|^~\\&|RIS|NORTH|||20260303||{kind}|1|P|2.5.1\rPID|||8812^^^NORTH^MR\r"


def steps(kind: str, body: str) -> list[str]:
    """The steps of a message with this body."""
    message = parse((HEADER.format(kind=kind) + body).encode())
    return [type(event).__name__ for event in map_message(message, MAPPING, ThrowawayKeyRing(), RECORDED_AT)]


@pytest.mark.parametrize("control", ORDER_CONTROLS)
@pytest.mark.parametrize("status", ORDER_STATUSES)
def test_every_order_control_with_every_status_gives_its_steps(control: str, status: str) -> None:
    order = f"ORC|{control}|P1|F1||{status}\rOBR|1|P1|F1\r"
    expected = STEPS_OF_ORDER.get((control, status))
    if expected is None:
        with pytest.raises(UnknownOrderStatus):
            steps("ORM^O01", order)
        assert (control, status) == ("SC", "")
    else:
        assert steps("ORM^O01", order) == [step.__name__ for step in expected]


@pytest.mark.parametrize("status", RESULT_STATUSES)
def test_every_result_status_gives_its_steps(status: str) -> None:
    report = f"OBR|1||F1||||||||||||||||||||||{status}\r"
    assert steps("ORU^R01", report) == [step.__name__ for step in RESULT_STATUSES[status][1]]


@pytest.mark.parametrize("trigger", DOCUMENT_TRIGGERS)
@pytest.mark.parametrize("status", ["", *DOCUMENT_STATUSES])
@pytest.mark.parametrize("available", AVAILABILITIES)
def test_every_document_status_gives_its_steps(trigger: str, status: str, available: str) -> None:
    document = f"TXA|1|DI||||||||||D1|||F1||{status}||{available}\r"
    decided = AVAILABILITIES[available][1]
    expected = decided if decided is not None else DOCUMENT_TRIGGERS[trigger][1].get(status)
    if expected is None:
        with pytest.raises(UnknownResultStatus):
            steps(f"MDM^{trigger}", document)
    else:
        assert steps(f"MDM^{trigger}", document) == [step.__name__ for step in expected]


@pytest.mark.parametrize("trigger", APPOINTMENT_TRIGGERS)
def test_every_appointment_trigger_gives_its_steps(trigger: str) -> None:
    appointment = f"SCH|A1{'|' * 26}F1\r"
    assert steps(f"SIU^{trigger}", appointment) == [
        step.__name__ for step in APPOINTMENT_TRIGGERS[trigger][1]
    ]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("MDM^T02", ""),
        ("SIU^S12", ""),
        ("ADT^A40", ""),
        ("ADT^A45", ""),
        ("ADT^A37", ""),
        ("ORU^R01", ""),
        ("ORM^O01", "OBX|1|TX|||no order\r"),
    ],
)
def test_a_segment_that_the_message_needs_is_asked_for(kind: str, body: str) -> None:
    with pytest.raises(MissingSegment):
        steps(kind, body)


def test_the_documentation_shows_the_tables_of_the_code() -> None:
    text = DOCS.read_text("utf-8")
    assert rewritten(text) == text, "run `python -m producers.hl7.tables docs/hl7.md`"


def test_there_is_a_golden_message_of_every_trigger_that_a_department_sends() -> None:
    messages = [path.read_bytes() for path in HL7_DATA.glob("*.hl7")]
    found = {tuple(raw.split(raw[3:4])[8].split(raw[4:5])[:2]) for raw in messages}
    triggers = {
        (kind.decode(), trigger.decode()) for kind, trigger in (pair for pair in found if len(pair) == 2)
    }
    wanted = {
        *(("ADT", f"A{number:02}") for number in (1, 3, 4, 5, 8, 11, 13, 23, 31, 37, 40, 45)),
        ("ORM", "O01"),
        ("OMG", "O19"),
        ("OMI", "O23"),
        *(("SIU", f"S{number}") for number in (12, 13, 14, 15, 26)),
        *(("ORU", trigger) for trigger in ("R01", "R30", "R40")),
        *(("MDM", trigger) for trigger in ("T01", "T02", "T04", "T06", "T08", "T10", "T11")),
    }
    assert wanted <= triggers
    assert wanted <= set(MAPPER_OF_TYPE)


def test_what_is_accepted_without_an_event_is_explained_by_its_file() -> None:
    silent = {path.stem for path in HL7_DATA.glob("*.json") if not json.loads(path.read_text("utf-8"))}
    assert silent == {
        "mdm_t02_in_progress",
        "orm_accepted_without_event",
        "orm_order_not_found",
        "oru_incomplete",
        "oru_no_order_on_record",
        "oru_registered",
        "oru_scheduled",
    }


def test_the_documentation_names_every_field_whose_codes_a_profile_may_translate() -> None:
    text = DOCS.read_text("utf-8")
    listed = text[text.index("`values` translates codes of:") :].partition(". ")[0]
    assert {name for name in VALUES if name not in listed} == set()
