"""The main job as the department sees it: HL7 goes in at one end, a card moves across the board."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser import desk_page
from tests.running_stack import RunningStack

pytestmark = [pytest.mark.stack, pytest.mark.browser]

PATIENCE_MS = 60_000
_NAME = "Achterberg^Ida^Maria"


class Feed:
    """The hospital's interfaces: one exam's messages over MLLP, each a little later than the one before."""

    def __init__(self, port: int) -> None:
        self.accession = f"E2E{uuid.uuid4().hex[:8].upper()}"
        self._port = port
        self._at = datetime.now(UTC) - timedelta(minutes=5)
        self._sent = 0

    def order(self, control: str, status: str, timing: str = "") -> None:
        """An ORM^O01."""
        self._send(
            "ORM^O01^ORM_O01", f"ORC|{control}|P1|{self.accession}||{status}||||{self._time()}", "", timing
        )

    def report(self, status: str) -> None:
        """An ORU^R01."""
        self._send("ORU^R01^ORU_R01", "", status, "OBX|1|TX|18782-3^Findings^LN||No acute finding.||||||F")

    def in_minutes(self, minutes: int) -> str:
        """A time of appointment."""
        return f"{datetime.now(UTC) + timedelta(minutes=minutes):%Y%m%d%H%M%S}+0000"

    def _send(self, kind: str, order: str, result: str, last: str) -> None:
        self._sent += 1
        self._at += timedelta(seconds=20)
        control_id = f"{self.accession}-{self._sent}"
        obr = {1: "1", 2: "P1", 3: self.accession, 4: "CTHEAD^CT Head^L", 18: self.accession, 24: "CT"}
        obr |= {22: self._time(), 25: result} if result else {}
        obr |= {27: "^^^^^S"} if order else {}
        obr_segment = "|".join(["OBR", *(obr.get(field, "") for field in range(1, 28))])
        segments = [
            f"MSH|^~\\&|RIS|GENERAL|RADSTREAM|GENERAL|{self._time()}||{kind}|{control_id}|P|2.5.1",
            f"PID|1||E2E-1^^^GENERAL||{_NAME}||19610412|F",
            "PV1|1|E|ED^^",
            order,
            obr_segment,
            last,
        ]
        self._deliver("\r".join(filter(None, segments)).encode() + b"\r", control_id)

    def _deliver(self, content: bytes, control_id: str) -> None:
        with socket.create_connection(("127.0.0.1", self._port), timeout=60) as connection:
            connection.sendall(b"\x0b" + content + b"\x1c\r")
            answer = b""
            while b"\x1c\r" not in answer:
                received = connection.recv(4096)
                assert received, "the listener hung up"
                answer += received
        assert f"MSA|AA|{control_id}".encode() in answer, answer

    def _time(self) -> str:
        return f"{self._at:%Y%m%d%H%M%S}+0000"


@pytest.fixture(scope="module")
def pipeline(quiet_stack: RunningStack) -> RunningStack:
    return quiet_stack


@pytest.fixture
def page(pipeline: RunningStack) -> Iterator[Page]:
    with desk_page(pipeline, "/", PATIENCE_MS) as opened:
        yield opened


def card(page: Page, stage: str, accession: str) -> Locator:
    return page.locator(f'[data-stage="{stage}"] .card', has_text=accession)


def test_an_exam_moves_across_the_board_from_order_to_final_report(
    pipeline: RunningStack, page: Page
) -> None:
    feed = Feed(pipeline.hl7_port)

    def stands_in(stage: str) -> None:
        expect(card(page, stage, feed.accession)).to_be_visible(timeout=PATIENCE_MS)
        expect(page.locator(".card:not(.ghost)", has_text=feed.accession)).to_have_count(1)

    feed.order("NW", "")
    stands_in("ordered")
    expect(card(page, "ordered", feed.accession)).to_contain_text("STAT")
    feed.order("SC", "SC", f"TQ1|1||||||{feed.in_minutes(10)}")
    stands_in("scheduled")
    feed.order("SC", "AR")
    stands_in("arrived")
    feed.order("SC", "IP")
    page.locator(".card.ghost", has_text=feed.accession).first.wait_for(state="attached", timeout=PATIENCE_MS)
    stands_in("in_progress")
    feed.order("SC", "CM")
    stands_in("acquired")
    feed.report("R")
    stands_in("dictated")
    feed.report("P")
    stands_in("preliminary")
    feed.report("F")
    stands_in("final")

    expect(page.locator("#tat tbody")).to_contain_text("CT", timeout=PATIENCE_MS)
    card(page, "final", feed.accession).click()
    expect(page.locator("#title")).to_contain_text("Achterberg, Ida Maria")
    expect(page.locator("#events tbody tr")).to_have_count(8, timeout=PATIENCE_MS)
    expect(page.locator("#events tbody tr").first).to_contain_text("RID45813")
    expect(page.locator("#intervals")).to_contain_text("Completed → final report")


def test_a_cancelled_order_leaves_the_way(pipeline: RunningStack, page: Page) -> None:
    feed = Feed(pipeline.hl7_port)
    feed.order("NW", "")
    expect(card(page, "ordered", feed.accession)).to_be_visible(timeout=PATIENCE_MS)
    feed.order("CA", "CA")
    expect(card(page, "cancelled", feed.accession)).to_be_visible(timeout=PATIENCE_MS)
