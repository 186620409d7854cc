"""Images without an order are reconciled on the worklist page: in the log, on the board, and back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from confluent_kafka import Producer
from playwright.sync_api import Locator, Page, expect

from schemas.cloudevents import headers
from schemas.events import Event, OrderPlaced
from schemas.identity import exam_id_of_accession, exam_id_of_study
from schemas.registry import connect_codec
from schemas.topics import EVENTS
from tests.browser import desk_page
from tests.exam_events import ANNA, images_of, said
from tests.running_stack import RunningStack

pytestmark = [pytest.mark.stack, pytest.mark.browser]

PATIENCE_MS = 30_000
PATIENCE_S = 60.0
UID = "1.2.840.99.7"
STUDY = exam_id_of_study("GENERAL", UID)
EXAM = exam_id_of_accession("GENERAL", "PAGE1")


@pytest.fixture(scope="module")
def pipeline(quiet_stack: RunningStack) -> RunningStack:
    return quiet_stack


@pytest.fixture
def page(pipeline: RunningStack) -> Iterator[Page]:
    with desk_page(pipeline, "/worklist?queue=unmatched", PATIENCE_MS) as opened:
        yield opened


def publish(stack: RunningStack, *events: Event) -> None:
    codec = connect_codec(stack.registry_url)
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "enable.idempotence": True})
    for event in events:
        key = event.envelope.exam_id.encode()
        producer.produce(EVENTS, key=key, value=codec.encode(event), headers=[*headers(event)])
    assert producer.flush(30) == 0


def line(page: Page, text: str) -> Locator:
    return page.locator("#rows tr", has_text=text)


def answered(stack: RunningStack, path: str, is_there: Callable[[Any], bool]) -> Any:
    """What the API answers once the analytics store has what is waited for."""
    until_s = time.monotonic() + PATIENCE_S
    with httpx.Client(base_url=stack.dashboard_url, headers=stack.dashboard_headers(), timeout=60) as client:
        while time.monotonic() < until_s:
            answer = client.get(path)
            if answer.is_success and is_there(answer.json()):
                return answer.json()
            time.sleep(0.5)
    raise AssertionError(f"{path} did not come to what is waited for")


def said_of(stack: RunningStack, event_type: str) -> list[dict[str, Any]]:
    """The exam's events of this type, once there is one."""

    def told(found: Any) -> list[dict[str, Any]]:
        return [event for event in found["events"] if event["type"] == event_type]

    return told(answered(stack, f"/api/exams/{EXAM}/timeline", lambda found: bool(told(found))))


def test_images_without_an_order_are_reconciled_on_the_page_and_taken_apart_again(
    pipeline: RunningStack, page: Page
) -> None:
    publish(
        pipeline,
        said(EXAM, 0, OrderPlaced, ANNA, accession_number="PAGE1"),
        *images_of(UID, STUDY, 10, 7, ANNA),
    )
    row = page.locator(f'#rows tr[data-exam="{STUDY}"]')
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    row.get_by_role("button", name="Reconcile…").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("label", has_text="PAGE1").get_by_role("radio").check(timeout=PATIENCE_MS)
    dialog.get_by_role("button", name="Reconcile…").click()
    dialog.get_by_role("button", name="Yes").click()
    expect(dialog.locator("#reconcile-outcome")).to_contain_text("belong to", timeout=PATIENCE_MS)
    expect(row).to_have_count(0, timeout=PATIENCE_MS)
    # The reconciler says it again, without a name, with what the images came to.
    (by_hand,) = (one for one in said_of(pipeline, "ExamReconciled") if "reconciled_by" in one["details"])
    assert (by_hand["details"]["from_exam_id"], by_hand["details"]["into_exam_id"]) == (STUDY, EXAM)
    assert by_hand["details"]["reconciled_by"].startswith("operator-")
    # The page of the images leads to the exam, and offers to take them apart.
    path = f"/exams/{quote(STUDY, safe='')}"
    answered(pipeline, f"/api{path}", lambda found: found["exam"].get("reconciled_into") == EXAM)
    page.goto(f"{pipeline.dashboard_url}{path}")
    page.get_by_role("button", name="Take apart…").click(timeout=PATIENCE_MS)
    dialog.get_by_role("button", name="Yes").click()
    expect(dialog.locator("#reconcile-outcome")).to_contain_text("on their own again", timeout=PATIENCE_MS)
    page.goto(f"{pipeline.dashboard_url}/worklist?queue=unmatched")
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    assert said_of(pipeline, "ExamUnreconciled")
    page.get_by_role("tab", name="All").click()
    expect(line(page, "PAGE1").locator(".c-images")).to_have_text("\u2013", timeout=PATIENCE_MS)
