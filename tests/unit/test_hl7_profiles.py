"""Mapping profiles: declared, checked, chosen by sender, and what they change."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from producers.hl7.parsing import parse
from producers.hl7.paths import InvalidPath, compile_path
from producers.hl7.profile_file import (
    InvalidProfile,
    default_profiles,
    load_profiles,
    parse_profiles,
)
from producers.hl7.rejections import UnknownOrderStatus
from producers.hl7.scope import by_name
from tests.producing import MAPPING, golden_events

EXAMPLES = sorted((Path(__file__).parents[2] / "deploy" / "hl7").glob("*.toml"))
PATIENT = "PID|||8812^^^NORTH^MR\r"


def message(
    body: str, *, sender: str = "RIS|NORTH", kind: str = "ORM^O01", time: str = "202603030800"
) -> bytes:
    """A message with this body."""
    header = f"MSH|^~\\&|{sender}|||{time}||{kind}|1|P|2.5.1\r"
    return (header + PATIENT + body).encode()


def events(profiles: str, raw: bytes) -> list[dict[str, Any]]:
    """The events of `raw` with these profiles."""
    return golden_events(raw, replace(MAPPING, profiles=parse_profiles(profiles)))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_profiles_are_valid(path: Path) -> None:
    assert len(load_profiles(path).by_name) > 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("default = 'x'", "default: 'x' is unknown; allowed: ihe"),
        ("[profile.a]", "the file: unknown key 'profile'; allowed: default, profiles"),
        ("[profiles.a]\npath = {}", "profiles.a: unknown key 'path'; allowed: based_on, senders, zone"),
        ("[profiles.a]\nbased_on = 'b'", "profiles.a.based_on: 'b' is unknown; allowed: ihe"),
        ("[profiles.a]\nzone = 'Mars/Base'", "profiles.a.zone: no time zone"),
        ("[profiles.a]\nissuer = 3", "profiles.a.issuer: expected text, got 3"),
        ("[profiles.a]\nsenders = 'RIS'", "profiles.a.senders: expected a list"),
        ("[profiles.a]\nsenders = [{}]", "profiles.a.senders[0]: name application (MSH-3)"),
        ("[profiles.a]\nsenders = [{ app = 'R' }]", "unknown key 'app'; allowed: application, facility"),
        (
            "[profiles.a.paths]\naccesion = 'OBR-3'",
            "profiles.a.paths: unknown key 'accesion'; allowed: patient_id",
        ),
        ("[profiles.a.paths]\naccession = 'OBR18'", "profiles.a.paths.accession: 'OBR18' is no place"),
        ("[profiles.a.paths]\naccession = ['OBX[x]-5']", "[x] is neither a number"),
        ("[profiles.a.paths]\naccession = 7", "profiles.a.paths.accession: expected a place"),
        ("[profiles.a.values.reader]\na = 'b'", "profiles.a.values: unknown key 'reader'; allowed:"),
        (
            "[profiles.a.values.priority]\n1 = 'NOW'",
            "profiles.a.values.priority.1: 'NOW' is unknown; allowed: ASAP",
        ),
        (
            "[profiles.a.steps.order_status]\nX = 'Arrived'",
            "steps.order_status.X: 'Arrived' is unknown; allowed:",
        ),
        ("[profiles]\na = 1", "profiles.a: expected a table"),
        ("[[", "no TOML"),
    ],
)
def test_what_is_wrong_in_a_profile_is_named_with_what_is_allowed(text: str, says: str) -> None:
    with pytest.raises(InvalidProfile) as caught:
        parse_profiles(text)
    assert says in str(caught.value)


def test_two_profiles_cannot_have_the_same_sender() -> None:
    sender = "senders = [{ application = 'RIS' }]\n"
    with pytest.raises(InvalidProfile, match="a has this sender already"):
        parse_profiles(f"[profiles.a]\n{sender}[profiles.b]\n{sender}")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidProfile, match=r"none\.toml: cannot be read: No such file"):
        load_profiles(tmp_path / "none.toml")


def test_the_closest_sender_wins() -> None:
    profiles = parse_profiles(
        """
        default = "d"
        [profiles.d]
        [profiles.both]
        senders = [{ application = "RIS", facility = "NORTH" }]
        [profiles.application]
        senders = [{ application = "RIS" }]
        [profiles.facility]
        senders = [{ facility = "NORTH" }]
        """
    )
    chosen = [
        profiles.of(*sender).name for sender in (("RIS", "NORTH"), ("RIS", "X"), ("X", "NORTH"), ("X", "X"))
    ]
    assert chosen == ["both", "application", "facility", "d"]


def test_a_profile_begins_with_all_of_the_one_that_it_is_based_on() -> None:
    profiles = parse_profiles(
        "[profiles.a]\nissuer = 'I'\n[profiles.a.paths]\nreader = 'ZZZ-1'\n"
        "[profiles.b]\nbased_on = 'a'\n[profiles.b.paths]\nroom = 'ZZZ-2'\n"
    )
    b, ihe = profiles.by_name["b"], default_profiles().default
    assert (b.issuer, b.paths["reader"][0].text, b.paths["room"][0].text) == ("I", "ZZZ-1", "ZZZ-2")
    assert b.paths["accession"] == ihe.paths["accession"]


ORDER = "ORC|NW|P1|F1^RISX\rOBR|1|P1|G1^OBRX|CT||||||||||||||A1||||||CT 1\rIPC|I1^IPCX\rZRA|1|Z1\r"


@pytest.mark.parametrize(
    ("place", "exam_id"),
    [
        ("OBR-18", "NORTH|A1"),
        ("OBR-3", "OBRX|G1"),
        ("ORC-3", "RISX|F1"),
        ("IPC-1", "IPCX|I1"),
        ("ZRA-2", "NORTH|Z1"),
    ],
)
def test_the_accession_number_is_where_the_profile_says(place: str, exam_id: str) -> None:
    profile = f"default = 'a'\n[profiles.a.paths]\naccession = ['{place}']"
    assert [e["envelope"]["exam_id"] for e in events(profile, message(ORDER))] == [exam_id]


def test_an_issuer_comes_from_its_own_place_else_from_the_profile() -> None:
    paths = "[profiles.a.paths]\naccession = ['OBR-18']\n"
    assert (
        events(f"default = 'a'\n[profiles.a]\nissuer = 'SOUTH'\n{paths}", message(ORDER))[0]["envelope"][
            "exam_id"
        ]
        == "SOUTH|A1"
    )
    own = f"default = 'a'\n{paths}accession_issuer = ['ORC-3.2']\n"
    assert events(own, message(ORDER))[0]["envelope"]["exam_id"] == "RISX|A1"


def test_codes_of_the_site_become_ours() -> None:
    profile = (
        "default = 'a'\n[profiles.a.paths]\npriority = ['ZRA-1']\n"
        "[profiles.a.values.priority]\n1 = 'STAT'\n[profiles.a.values.modality]\n'ct 1' = 'CT'\n"
        "'CT 1' = 'CT'\n"
    )
    placed = events(profile, message(ORDER))[0]
    assert (placed["priority"], placed["modality"]) == ("STAT", "CT")


@pytest.mark.parametrize(
    ("control", "status", "steps"),
    [
        ("SC", "ARR", ["PatientArrived"]),
        ("SC", "arr", ["PatientArrived"]),
        ("XO", "VET", ["ExamProtocolled"]),
        ("NW", "ARR", ["OrderPlaced", "PatientArrived"]),
        ("SC", "BILLED", []),
        ("CA", "ARR", ["OrderCancelled"]),
        ("SC", "AR", ["PatientArrived"]),
    ],
)
def test_a_status_of_the_site_is_the_step_that_the_profile_names(
    control: str, status: str, steps: list[str]
) -> None:
    profile = (
        "default = 'a'\n[profiles.a.steps.order_status]\n"
        "ARR = 'PatientArrived'\nVET = 'ExamProtocolled'\nBILLED = 'none'\n"
    )
    found = events(profile, message(f"ORC|{control}|P1|F1||{status}\rOBR|1|P1|F1\r"))
    assert [event["event"] for event in found] == steps


def test_a_status_that_no_profile_knows_is_rejected_with_its_place() -> None:
    with pytest.raises(UnknownOrderStatus) as caught:
        golden_events(message("ORC|SC|P1|F1||ARR\rOBR|1|P1|F1\r"))
    assert caught.value.location == "ORC-5"


def test_a_reason_of_the_site_says_that_the_priority_changed() -> None:
    profile = "default = 'a'\n[profiles.a.steps.order_reason]\nPRIO = 'PriorityChanged'\n"
    order = "ORC|XO|P1|F1|||||||||||||PRIO\rTQ1|1||||||||S\rOBR|1|P1|F1\r"
    found = events(profile, message(order))
    assert [(event["event"], event["priority"]) for event in found] == [
        ("OrderChanged", "STAT"),
        ("PriorityChanged", "STAT"),
    ]


def test_a_critical_result_is_said_where_the_profile_finds_its_category() -> None:
    profile = "default = 'a'\n[profiles.a.paths]\ncritical_category = ['OBX[3.1=CRIT]-5']\n"
    report = "OBR|1||F1||||||||||||||||||||||F|||||||771\rOBX|1|TX|CRIT||1\r"
    found = events(profile, message(report, kind="ORU^R01"))
    assert [event["event"] for event in found] == ["FinalReportPublished", "CriticalResultNotified"]
    assert found[1]["category"] == "1"
    assert found[1]["notified_by"] == found[0]["reported_by"]


def test_the_zone_of_the_profile_is_that_of_its_senders_clock() -> None:
    profile = "[profiles.a]\nsenders = [{ application = 'NY' }]\nzone = 'America/New_York'\n"
    order = "ORC|NW|P1|F1\rOBR|1|P1|F1\r"
    here, there = (events(profile, message(order, sender=sender))[0] for sender in ("RIS|NORTH", "NY|NORTH"))
    assert here["envelope"]["occurred_at"] == "2026-03-03T07:00:00+00:00"
    assert there["envelope"]["occurred_at"] == "2026-03-03T13:00:00+00:00"


SEGMENTS = by_name(
    parse(
        b"MSH|^~\\&|A|B\rPID|||1^^^X^PI~2^^^Y^MR~3^^^Z^MR\r"
        b"OBX|1|TX|GDT&A^^^^Q||first\rOBX|2|TX|IMP&B||second~third\r"
    ).segments
)


@pytest.mark.parametrize(
    ("path", "first", "every"),
    [
        ("PID-3", "1", ["1", "2", "3"]),
        ("PID-3[2]", "2", ["2"]),
        ("PID-3[*]", "1", ["1", "2", "3"]),
        ("PID-3[5=MR].4", "Y", ["Y", "Z"]),
        ("PID-3[9]", None, []),
        ("OBX-5", "first", ["first"]),
        ("OBX[2]-5", "second", ["second", "third"]),
        ("OBX[*]-5", "first", ["first", "second", "third"]),
        ("OBX[3.1=IMP]-5", "second", ["second", "third"]),
        ("OBX[3.1.2=A]-5", "first", ["first"]),
        ("OBX[3.5=Q]-5", "first", ["first"]),
        ("OBX[3=NO]-5", None, []),
        ("ZZZ-1", None, []),
    ],
)
def test_a_path_reads_what_it_says(path: str, first: str | None, every: list[str]) -> None:
    compiled = compile_path(path)
    hit = compiled.first(SEGMENTS)
    assert (hit.value if hit else None) == first
    assert [found.value for found in compiled.every(SEGMENTS)] == every


@given(st.text(max_size=20))
def test_any_text_is_a_path_or_is_refused(text: str) -> None:
    try:
        path = compile_path(text)
    except InvalidPath:
        return
    assert path.text == text
    assert path.field >= 1
