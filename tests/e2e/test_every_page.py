"""Every page of the dashboard over the simulated department, as `make run` shows it: desk and phone."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.pages import PAGES
from tests.browser import accessibility_faults, complaints, sign_in
from tests.running_stack import RunningStack
from tests.sink_running import until_on_the_stack

pytestmark = [pytest.mark.stack, pytest.mark.browser, pytest.mark.timeout(900)]

PATIENCE_MS = 240_000
REOPEN_MS = 10_000
SIZES = {"desk": (1440, 900), "phone": (390, 844)}
# What a script writes where it was given nothing to write.
_UNWRITTEN = re.compile(r"\b(null|undefined|NaN)\b")
_LATEST = "SELECT toUnixTimestamp(max(occurred_at)) AS at FROM v_events"
# By page: what is there once the department's work has come to it. Nothing went wrong: no dead letters.
FILLED = {
    "/": ".card",
    "/worklist": "#rows tr[data-exam]",
    "/turnaround": "#figures canvas, #figures svg, #figures table tr",
    "/forecast": "#scores tbody tr",
    "/what-if": "#summary .tile, #summary .empty",
    "/quality": "#figures table tbody tr",
    "/health": "#part-rows tr",
    "/deadletters": "main",
    "/audit": "#rows tr td",
}


@pytest.fixture(params=SIZES)
def page(request: pytest.FixtureRequest, department: RunningStack, chromium: Browser) -> Iterator[Page]:
    width, height = SIZES[request.param]
    opened = chromium.new_page(viewport={"width": width, "height": height})
    opened.goto(department.dashboard_url)
    sign_in(opened, department.dashboard_password)
    expect(opened.locator("#link")).to_have_text("Live", timeout=PATIENCE_MS)
    yield opened
    opened.close()


def test_a_new_department_is_busy_and_forecast_at_any_hour_and_nothing_lies_in_the_future(
    department: RunningStack,
) -> None:
    headers = department.dashboard_headers()
    with httpx.Client(base_url=department.dashboard_url, headers=headers, timeout=30) as client:

        def is_busy() -> bool:
            items = client.get("/api/worklist", params={"limit": 1000}).json()["items"]
            open_exams = [one for one in items if one["stage"] not in ("final", "cancelled")]
            is_forecast = all("expected_at" in one for one in open_exams)
            return len(items) > len(open_exams) >= 25 and is_forecast

        until_on_the_stack(is_busy, "the department stays quiet", timeout_s=PATIENCE_MS / 1000)
        told = department.radstream("sql", _LATEST, "--json")
        clock = datetime.fromisoformat(client.get("/api/board").json()["clock"]["now"])
    assert json.loads(told.stdout)[0]["at"] <= clock.timestamp()


def test_every_page_is_filled_accessible_silent_and_fits_the_screen(
    department: RunningStack, page: Page
) -> None:
    assert {path for path, _, _ in PAGES} == set(FILLED)
    heard = complaints(page)
    for path, filled in FILLED.items():
        _open_when_filled(page, department.dashboard_url + path, filled)
        _is_whole(page, path)
    page.goto(department.dashboard_url + "/worklist")
    page.locator("#rows tr[data-exam] a").first.click()
    expect(page.locator("#events tbody tr").first).to_be_visible(timeout=PATIENCE_MS)
    _is_whole(page, "an exam")
    # Of an ultrasound image, which may name somebody, no picture is made: 422 is the answer.
    assert [text for text in heard if "status of 422" not in text] == []


def _open_when_filled(page: Page, url: str, filled: str) -> None:
    """Figures are asked for once: where nothing was measured yet, the page is opened again."""
    end_s = time.monotonic() + PATIENCE_MS / 1000
    while True:
        page.goto(url)
        with suppress(AssertionError):
            expect(page.locator(filled).first).to_be_visible(timeout=REOPEN_MS)
            return
        assert time.monotonic() < end_s, f"{url} stays empty"


def _is_whole(page: Page, path: str) -> None:
    expect(page.locator("#synthetic")).to_have_text("Synthetic", timeout=PATIENCE_MS)
    assert not _UNWRITTEN.search(page.locator("body").inner_text()), path
    assert accessibility_faults(page) == [], path
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert page.evaluate("document.documentElement.scrollWidth") <= width, path
