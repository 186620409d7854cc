"""A stack with a destination: reports go out, kill -9 loses nothing, and dead letters are driven again."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hl7lw import MllpClient
from pydicom import dcmread
from pydicom.data import get_testdata_file

from producers.dead_letters import dead_letter
from producers.publishing import EventPublisher, PublisherConfig
from schemas.codec import Codec
from schemas.events import EVENT_CLASSES, FinalReportPublished, ReportDelivered, ReportDeliveryFailed
from schemas.keyring import FileKeyRing
from schemas.parts import Source
from schemas.registry import connect_codec
from schemas.topics import EVENTS
from tests.killing import kill_9
from tests.mllp_receiver import MllpReceiver, field
from tests.producing import HL7_DATA, read_all
from tests.running_stack import RunningStack, run_stack
from tests.sink_running import until_on_the_stack as until

pytestmark = pytest.mark.stack

DESTINATION = """
[[destination]]
name = "ehr"
host = "127.0.0.1"
port = {port}
events = ["reports"]
receiving_application = "EHR"
first_pause_s = 0.05
longest_pause_s = 0.5
"""


@dataclass
class Site:
    """The stack, the system that it reports to, and a codec of its registry."""

    stack: RunningStack
    receiver: MllpReceiver
    codec: Codec

    def events(self, kind: type[Any]) -> list[Any]:
        """Events of the log."""
        found = read_all(self.stack.kafka_bootstrap, self.codec, EVENTS)
        return [event for event in found if isinstance(event, EVENT_CLASSES) and isinstance(event, kind)]

    def deadletters(self, *arguments: str) -> tuple[int, Any]:
        """Exit code and document of `radstream deadletters`."""
        answer = self.stack.radstream("deadletters", *arguments, "--json")
        return answer.returncode, json.loads(answer.stdout)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    data: Path = tmp_path_factory.mktemp("outbound")
    with MllpReceiver() as receiver:
        (data / "hl7-destinations.toml").write_text(DESTINATION.format(port=receiver.port))
        data.chmod(0o700)
        with run_stack(data, {}) as stack:
            yield Site(stack, receiver, connect_codec(stack.registry_url))


def report(accession: str, status: str, number: int) -> bytes:
    """ORU^R01 of the golden one, of another exam."""
    raw = (HL7_DATA / "oru_final.hl7").read_bytes().replace(b"\n", b"\r").replace(b"\r\r", b"\r")
    return (
        raw.replace(b"ACC-1001", accession.encode())
        .replace(b"|REP0003|", f"|{accession}-{number}|".encode())
        .replace(b"||CT|F|", f"||CT|{status}|".encode())
    )


def send(stack: RunningStack, *messages: bytes) -> list[str]:
    """MSA-1 of each answer."""
    codes = []
    with closing(MllpClient()) as client:
        client.connect("127.0.0.1", stack.hl7_port)
        for message in messages:
            client.send(message)
            codes.append(field(client.recv(), b"MSA", 1))
    return codes


def test_a_report_that_came_in_goes_out_and_its_delivery_stands_in_the_log(site: Site) -> None:
    assert send(site.stack, report("OUT-1", "F", 1)) == ["AA"]
    until(lambda: site.events(ReportDelivered) != [], "no ReportDelivered")
    (delivered,) = site.events(ReportDelivered)
    (final,) = site.events(FinalReportPublished)
    assert delivered.envelope.source_message_id == final.envelope.event_id
    assert delivered.envelope.exam_id == final.envelope.exam_id
    (message,) = site.receiver.received
    assert (field(message, b"OBR", 3), field(message, b"OBR", 25)) == ("OUT-1", "F")
    assert field(message, b"OBX", 5) == "No acute finding."
    assert field(message, b"PID", 5) == "OKONKWO^AMARA"
    part = next(part for part in _parts(site.stack) if part["part"] == "hl7-out")
    assert part["state"] == "up" or part["pid"]
    assert part["lag"] is not None


def test_kill_9_in_the_middle_loses_nothing_and_what_is_sent_again_is_the_same_message(site: Site) -> None:
    def slowly(_: bytes) -> str:
        time.sleep(0.05)
        return "AA"

    before = len(site.receiver.received)
    site.receiver.behave = slowly
    exams = [f"KILL-{number}" for number in range(20)]
    messages = [report(exam, status, n) for n, status in enumerate("PFC") for exam in exams]
    assert set(send(site.stack, *messages)) == {"AA"}
    until(lambda: len(site.receiver.received) - before > 10, "nothing goes out")
    kill_9(site.stack.data, "hl7-out")
    until(lambda: len(set(site.receiver.received[before:])) == 60, "not everything arrived")
    until(lambda: len(site.events(ReportDelivered)) >= 61, "not every delivery is in the log")
    received = site.receiver.received[before:]
    assert len({field(message, b"MSH", 10) for message in received}) == 60
    order = defaultdict(list)
    for message in dict.fromkeys(received):
        order[field(message, b"OBR", 3)].append(field(message, b"OBR", 25))
    assert dict(order) == {exam: ["P", "F", "C"] for exam in exams}
    assert len({said.envelope.event_id for said in site.events(ReportDelivered)}) == 61
    site.receiver.behave = lambda _: "AA"


def test_a_report_that_was_refused_goes_out_once_the_destination_is_mended(site: Site) -> None:
    site.receiver.behave = lambda _: "AR"
    assert send(site.stack, report("REFUSED-1", "F", 1)) == ["AA"]
    until(lambda: site.events(ReportDeliveryFailed) != [], "no ReportDeliveryFailed")
    _, listed = site.deadletters("list", "--origin", "hl7-out")
    (letter,) = listed["letters"]
    assert (letter["reason"], letter["destination"], letter["resolution"]) == ("AR", "ehr", None)
    code, answer = site.deadletters("retry", letter["dead_letter_id"])
    assert (code, answer["letters"][0]["taken"], answer["letters"][0]["answer"]) == (1, False, "AR")
    site.receiver.behave = lambda _: "AA"
    code, answer = site.deadletters("retry", "--all", "--origin", "hl7-out")
    assert (code, answer["letters"][0]["resolution"]) == (0, "delivered")
    assert site.deadletters("list", "--origin", "hl7-out")[1]["letters"] == []
    (known,) = site.deadletters("list", "--origin", "hl7-out", "--resolved")[1]["letters"]
    assert (known["resolution"], known["answer"]) == ("delivered", "AA")
    query = f"SELECT resolution FROM v_deadletters WHERE dead_letter_id = '{letter['dead_letter_id']}'"
    until(
        lambda: '"delivered"' in site.stack.radstream("sql", query, "--json").stdout,
        "not in ClickHouse",
        timeout_s=60.0,
        every_s=1.0,
    )


def test_a_message_that_the_listener_refused_is_listed_shown_without_phi_and_driven_again(
    site: Site, tmp_path: Path
) -> None:
    wrong = report("WRONG-1", "F", 1).replace(b"ORU^R01^ORU_R01", b"ZZZ^Z01")
    # Larger than Kafka's default bound on a record: kept whole all the same.
    wrong += b"OBX|2|TX|^^^^IMP||" + os.urandom(3_500_000).hex().encode() + b"||||||F\r"
    assert send(site.stack, wrong) == ["AR"]
    (letter,) = site.deadletters("list", "--origin", "hl7", "--since", "1h")[1]["letters"]
    assert letter["is_whole"]
    shown = site.stack.radstream("deadletters", "show", letter["dead_letter_id"][:8])
    assert shown.returncode == 0
    assert "OKONKWO" not in shown.stdout + shown.stderr
    target = tmp_path / "message.hl7"
    code, _ = site.deadletters("show", letter["dead_letter_id"], "--payload", "-o", str(target))
    assert (code, target.read_bytes(), target.stat().st_mode & 0o777) == (0, wrong, 0o600)
    code, answer = site.deadletters("retry", letter["dead_letter_id"])
    assert (code, answer["letters"][0]["answer"]) == (1, "AR")
    (again,) = site.deadletters("list", "--origin", "hl7")[1]["letters"]
    assert (again["dead_letter_id"], again["count"]) == (letter["dead_letter_id"], 2)


def test_what_was_refused_before_a_fix_is_taken_after_it(site: Site) -> None:
    """The letters of a listener that did not know better yet, for a message and an image that are good."""
    ring = FileKeyRing(site.stack.data / "keys", site.stack.site_key)
    image = dcmread(str(get_testdata_file("CT_small.dcm")))
    out = BytesIO()
    image.save_as(out)
    for origin, payload in (("hl7", report("FIXED-1", "F", 1)), ("dicom", out.getvalue())):
        letter = dead_letter(
            ring,
            origin=origin,
            reason="FixedSince",
            detail="",
            source=Source(system="RIS", facility="NORTH", protocol=""),
            source_message_id="1",
            content_type="",
            payload=payload,
            recorded_at=datetime.now(UTC),
        )
        publisher = EventPublisher(PublisherConfig(site.stack.kafka_bootstrap, "test"), site.codec)
        with closing(publisher):
            publisher.publish_dead_letter(letter)
    _, planned = site.deadletters("retry", "--all", "--reason", "FixedSince", "--dry-run")
    assert [one["origin"] for one in planned["letters"]] == ["hl7", "dicom"]
    code, answer = site.deadletters("retry", "--all", "--reason", "FixedSince")
    assert [(one["resolution"], one["answer"]) for one in answer["letters"]] == [
        ("hl7-accepted", "AA"),
        ("dicom-stored", "0x0000"),
    ], answer
    assert code == 0
    assert site.deadletters("list", "--reason", "FixedSince")[1]["total"] == 0
    accessions = {event.accession_number for event in site.events(FinalReportPublished)}
    assert "FIXED-1" in accessions


def _parts(stack: RunningStack) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = json.loads(stack.radstream("status", "--json").stdout)["parts"]
    return parts
