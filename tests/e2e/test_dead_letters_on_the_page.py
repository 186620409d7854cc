"""Dead letters are driven again on the page: the listener takes them, and they are closed in Kafka."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Page, expect

from producers.dead_letters import dead_letter
from producers.publishing import EventPublisher, PublisherConfig
from schemas.keyring import FileKeyRing
from schemas.parts import Source
from schemas.registry import connect_codec
from tests.browser import accessibility_faults, desk_page
from tests.killing import kill_9
from tests.running_stack import RunningStack

pytestmark = [pytest.mark.stack, pytest.mark.browser]

PATIENCE_MS = 60_000


@pytest.fixture
def page(pipeline: RunningStack) -> Iterator[Page]:
    with desk_page(pipeline, "/deadletters", PATIENCE_MS) as opened:
        yield opened


def registration(control_id: str, trigger: str = "A04") -> bytes:
    segments = (
        f"MSH|^~\\&|OLD|NORTH|RADSTREAM|GENERAL|20260309120000||ADT^{trigger}|{control_id}|P|2.5",
        f"EVN|{trigger}|20260309120000",
        f"PID|1||{control_id}^^^NORTH^MR||Okonkwo^Ada||19600101|F",
        "PV1|1|O",
    )
    return "".join(segment + "\r" for segment in segments).encode()


def write_letters(stack: RunningStack, reason: str, *payloads: bytes) -> None:
    """Letters of a listener that did not know better yet."""
    ring = FileKeyRing(stack.data / "keys", stack.site_key)
    publisher = EventPublisher(
        PublisherConfig(stack.kafka_bootstrap, "test"), connect_codec(stack.registry_url)
    )
    with closing(publisher):
        for payload in payloads:
            letter = dead_letter(
                ring,
                origin="hl7",
                reason=reason,
                detail="the profile did not know this sender",
                source=Source(system="OLD", facility="NORTH", protocol="HL7v2"),
                source_message_id=payload.split(b"|")[9].decode(),
                content_type="x-application/hl7-v2+er7",
                payload=payload,
                recorded_at=datetime.now(UTC),
            )
            publisher.publish_dead_letter(letter)


def listed(stack: RunningStack, text: str) -> list[dict[str, object]]:
    """Letters of whatever state that have this in their reason or message id."""
    address = f"{stack.dashboard_url}/api/deadletters"
    asked = {"state": "all", "q": text}
    answer = httpx.get(address, params=asked, headers=stack.dashboard_headers(), timeout=60)
    letters: list[dict[str, object]] = answer.raise_for_status().json()["items"]
    return letters


def written(stack: RunningStack, text: str, count: int) -> list[dict[str, object]]:
    """The same, once there are `count`: the list may be a second old."""
    end_s = time.monotonic() + PATIENCE_MS / 1000
    while len(letters := listed(stack, text)) != count:
        assert time.monotonic() < end_s, letters
        time.sleep(0.2)
    return letters


def send(stack: RunningStack, message: bytes) -> bytes:
    """Over MLLP; the answer."""
    with socket.create_connection(("127.0.0.1", stack.hl7_port), 30) as connection:
        connection.sendall(b"\x0b" + message + b"\x1c\r")
        return connection.recv(65_536)


def test_a_letter_is_driven_again_and_the_others_after_it(pipeline: RunningStack, page: Page) -> None:
    reason, run = f"Fixed{uuid4().hex[:8]}", uuid4().hex[:8]
    write_letters(pipeline, reason, *(registration(f"{run}-{number}") for number in range(3)))
    assert b"MSA|AR" in send(pipeline, registration(f"{run}-9", "Z99"))
    page.reload()
    page.locator("#letters-text").fill(run)
    rows = page.locator("#letters-rows tr")
    expect(rows).to_have_count(4, timeout=PATIENCE_MS)
    assert accessibility_faults(page) == []
    rows.last.get_by_role("button", name="Retry").click()
    expect(page.locator("#letters-last")).to_contain_text("Taken: hl7-accepted, AA", timeout=PATIENCE_MS)
    expect(rows).to_have_count(3, timeout=PATIENCE_MS)
    page.get_by_role("button", name="Retry all 3").click()
    page.get_by_role("button", name="Retry 3").click()
    told = page.locator("#letters-run-text")
    expect(told).to_have_text("3 of 3: 2 driven again, 1 not taken.", timeout=PATIENCE_MS)
    expect(page.locator("#letters-run-results")).to_contain_text("refused again", timeout=PATIENCE_MS)
    known = [(letter["state"], letter["resolution"]) for letter in listed(pipeline, run)]
    assert known == [("retried", None), *[("resolved", "hl7-accepted")] * 3]
    # What the listener refused again it wrote again: it is open, and says so.
    page.locator("#letters-state").select_option("retried")
    expect(rows).to_have_count(1, timeout=PATIENCE_MS)
    expect(rows.first).to_contain_text("2 times", timeout=PATIENCE_MS)
    rows.first.get_by_role("button", name="Dismiss").click()
    page.locator("#letters-yes").click()
    expect(rows).to_have_count(0, timeout=PATIENCE_MS)
    assert listed(pipeline, run)[0]["state"] == "dismissed"


def test_the_command_dismisses_what_it_is_told_to_and_says_by_whom_under_a_pseudonym(
    pipeline: RunningStack,
) -> None:
    reason = f"Gone{uuid4().hex[:8]}"
    write_letters(pipeline, reason, *(registration(uuid4().hex[:12]) for _ in range(2)))
    (first, second) = (str(letter["dead_letter_id"]) for letter in written(pipeline, reason, 2))
    assert pipeline.radstream("deadletters", "dismiss", first).returncode == 2, "--by is needed"
    done = pipeline.radstream("deadletters", "dismiss", first, "--by", "Ida", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["letters"][0]["resolution"] == "dismissed"
    rest = pipeline.radstream("deadletters", "dismiss", "--all", "--reason", reason, "--by", "Ida", "--json")
    assert [one["dead_letter_id"] for one in json.loads(rest.stdout)["letters"]] == [second]
    assert {str(letter["resolved_by"])[:9] for letter in listed(pipeline, reason)} == {"operator-"}


def test_what_was_sealed_is_opened_for_who_may_see_it_and_that_is_recorded(
    pipeline: RunningStack, page: Page
) -> None:
    reason, payload = f"Sealed{uuid4().hex[:8]}", registration(uuid4().hex[:12])
    write_letters(pipeline, reason, payload)
    (letter,) = written(pipeline, reason, 1)
    address = f"/api/deadletters/{letter['dead_letter_id']}/payload"
    with httpx.Client(
        base_url=pipeline.dashboard_url, headers=pipeline.dashboard_headers(), timeout=30
    ) as api:
        assert api.get(address).content == payload
    page.reload()
    page.locator("#letters-text").fill(str(letter["dead_letter_id"]))
    page.locator("#letters-rows .as-link").first.click(timeout=PATIENCE_MS)
    dialog = page.locator("#letter")
    expect(dialog).to_contain_text(reason, timeout=PATIENCE_MS)
    expect(dialog).not_to_contain_text("Okonkwo")
    with page.expect_download() as download:
        dialog.get_by_role("link", name="Open what was sealed").click()
    assert download.value.path().read_bytes() == payload


def test_health_says_which_part_is_down_and_that_it_came_back(pipeline: RunningStack, page: Page) -> None:
    page.goto(f"{pipeline.dashboard_url}/health")
    expect(page.locator("#part-rows tr")).not_to_have_count(0, timeout=PATIENCE_MS)
    sink = page.locator('#part-rows tr[data-part="sink"]')
    expect(sink).to_contain_text("Serves", timeout=PATIENCE_MS)
    before = int(sink.locator("td").nth(2).inner_text())
    kill_9(pipeline.data, "sink")
    expect(sink.locator("td").nth(2)).to_have_text(str(before + 1), timeout=PATIENCE_MS)
    expect(sink).to_contain_text("Serves", timeout=PATIENCE_MS)
    expect(page.locator("#notices")).to_contain_text("SIGKILL", timeout=PATIENCE_MS)
    expect(page.locator('[data-rate="events"] .rate-now')).not_to_have_text("\u2013/s", timeout=PATIENCE_MS)
    assert accessibility_faults(page) == []
    headers = pipeline.dashboard_headers()
    text = httpx.get(f"{pipeline.dashboard_url}/metrics", headers=headers, timeout=30).text
    assert 'radstream_part_up{part="sink"} 1.0' in text
    assert text.endswith("# EOF\n")
