"""The panel of turnaround checked a second way, on its page in a real browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.turnaround_check import Compared, ComparisonFailed, Disagreement, StatedInterval
from tests.browser import accessibility_faults, complaints
from tests.served_board import served_board

pytestmark = pytest.mark.browser

_AT = datetime(2026, 3, 9, 12, tzinfo=UTC)
_SAME = Compared(150_000, 2_431_907, ())
_WAIT_MS = 30_000
# ClickHouse is away in these tests, and the browser itself notes every answer with an error.
_ANALYTICS_AWAY = "status of 503"


def _stated(minutes: float, reason: str = "") -> StatedInterval:
    return StatedInterval(_AT, _AT + timedelta(minutes=minutes), reason)


_DIFFERENT = Compared(
    150_000,
    2_431_907,
    (
        Disagreement("GENERAL|A000123", "report_turnaround", _stated(42), _stated(41.5)),
        Disagreement("GENERAL|A000123", "room", _stated(18), None),
        Disagreement("NORTH|B777", "order_to_final", _stated(-5, "clock_fault"), _stated(300)),
    ),
)


@contextmanager
def quality_page(
    chromium: Browser, compare: Callable[[], Compared], width: int = 1440, height: int = 900
) -> Iterator[Page]:
    """The page that has the panel; nothing may stand in the console at the end."""
    with served_board(compare=compare) as board:
        page = chromium.new_page(viewport={"width": width, "height": height})
        heard = complaints(page)
        board.sign_in(page.context)
        board.load()
        page.goto(f"{board.url}/quality")
        yield page
        page.close()
    assert [text for text in heard if _ANALYTICS_AWAY not in text] == []


def test_both_ways_the_same_is_told_with_how_much_was_compared(chromium: Browser) -> None:
    with quality_page(chromium, lambda: _SAME) as page:
        panel = page.locator("#check")
        expect(panel.locator(".check-state")).to_have_text("Both ways the same", timeout=_WAIT_MS)
        expect(panel.locator(".check-figures")).to_contain_text("2,431,907")
        expect(panel.locator(".check-differences")).to_be_hidden()


def test_a_running_comparison_is_told_and_its_end_shows_by_itself(chromium: Browser) -> None:
    go_on = threading.Event()

    def compare() -> Compared:
        go_on.wait(60)
        return _SAME

    with quality_page(chromium, compare) as page:
        state = page.locator("#check .check-state")
        expect(state).to_have_text("Comparing", timeout=_WAIT_MS)
        go_on.set()
        expect(state).to_have_text("Both ways the same", timeout=_WAIT_MS)


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_what_differs_is_told_side_by_side_so_that_it_is_seen_to_differ_and_leads_to_the_exam(
    chromium: Browser, width: int, height: int
) -> None:
    with quality_page(chromium, lambda: _DIFFERENT, width, height) as page:
        panel = page.locator("#check")
        expect(panel.locator(".check-state")).to_have_text("3 intervals differ", timeout=_WAIT_MS)
        rows = panel.locator("tbody tr")
        expect(rows).to_have_count(3)
        expect(rows.nth(0).locator("td").nth(1)).to_have_text("2520.000\u202fs")
        expect(rows.nth(0).locator("td").nth(2)).to_have_text("2490.000\u202fs")
        expect(rows.nth(1)).to_contain_text("none")
        expect(rows.nth(2)).to_contain_text("not measured: clock fault")
        expect(rows.nth(0).locator("a")).to_have_attribute("href", "/exams/GENERAL%7CA000123")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert [fault for fault in accessibility_faults(page) if "check" in fault] == []


def test_a_comparison_that_fails_says_that_it_is_tried_again(chromium: Browser) -> None:
    def away() -> Compared:
        raise ComparisonFailed("ClickHouse gives no answer: no connection.")

    with quality_page(chromium, away) as page:
        note = page.locator("#check .check-note")
        expect(note).to_contain_text("no connection. It is tried again by itself", timeout=_WAIT_MS)
