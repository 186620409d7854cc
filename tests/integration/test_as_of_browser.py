"""The past in a real browser: the slider, the banner and the links, on a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.browser import accessibility_faults, complaints
from tests.past_department import DONE, LATE, OPEN, past_department
from tests.served_board import ServedBoard

pytestmark = pytest.mark.browser

DESK, PHONE = ViewportSize(width=1440, height=900), ViewportSize(width=390, height=844)
TEN = "as_of=2026-11-24T10:00:00Z&sense=recorded"
PATIENCE_MS = 60_000


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedBoard]:
    with past_department(tmp_path_factory.mktemp("past")) as (served, _, _):
        yield served


@pytest.fixture(params=[DESK, PHONE], ids=["desk", "phone"])
def page(request: pytest.FixtureRequest, chromium: Browser, board: ServedBoard) -> Iterator[Page]:
    opened = chromium.new_page(viewport=request.param, timezone_id="America/New_York")
    opened.set_default_timeout(PATIENCE_MS)
    board.sign_in(opened.context)
    heard = complaints(opened)
    yield opened
    opened.close()
    # The dashboard of this test has no supervisor, so its page of health is answered with an error.
    assert [text for text in heard if "status of 503" not in text] == []


def shows(page: Page, time: str, stages: dict[str, int]) -> None:
    expect(page.locator("#moment-told")).to_have_text(time)
    page.wait_for_function(
        """wanted => {
            const told = [...document.querySelectorAll('.stage')].map(one =>
                [one.querySelector('h2').textContent, Number(one.querySelector('.count').textContent)]);
            return JSON.stringify(Object.fromEntries(told.filter(([, count]) => count))) === wanted;
        }""",
        arg=str(stages).replace("'", '"').replace(", ", ",").replace(": ", ":"),
    )


def test_a_time_is_shown_by_the_clock_of_its_own_season(board: ServedBoard, page: Page) -> None:
    """In December an exam of July was read by the clock of July: the department's, not the reader's."""
    page.goto(f"{board.url}/?{TEN}")
    shown = page.evaluate(
        """async ([zone, offset, instants]) => {
            const clock = await import("/static/clock.js");
            clock.setClock({ now: "2026-12-01T12:00:00Z", speed: 0, utc_offset_s: offset, zone });
            return instants.map((one) => clock.at(Date.parse(one)));
        }""",
        [
            "Europe/Berlin",
            3600,
            ["2026-12-01T08:00Z", "2026-07-01T08:00Z", "2026-10-25T00:30Z", "2026-10-25T01:30Z"],
        ],
    )
    assert shown == ["09:00", "07-01 10:00", "10-25 02:30", "10-25 02:30"]


def test_the_slider_moves_in_the_day_by_hand_and_by_keys(board: ServedBoard, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{board.url}/?{TEN}")
    shows(page, "10:00", {"Ordered": 1, "Acquired": 1, "Final": 1})
    expect(page.locator("#past-at")).to_have_text("Tue 24 Nov 2026, 10:00")
    expect(page.locator("#link .text")).to_have_text("As it was")
    slider = page.get_by_label("Time of the day")
    slider.focus()
    slider.press("ArrowLeft")
    shows(page, "09:55", {"Ordered": 1, "Final": 1})
    expect(slider).to_have_attribute("aria-valuetext", "09:55, 1 exams open")
    slider.press("Home")
    shows(page, "00:00", {})
    slider.fill("420")
    shows(page, "07:00", {"In progress": 1})
    page.locator("body").press("ArrowRight")
    expect(page.locator("#moment-told")).to_have_text("07:05")
    expect(page.locator("#past-at")).to_have_text("Tue 24 Nov 2026, 07:05")
    page.wait_for_url(re.compile("as_of=2026-11-24T07%3A05%3A00Z"))
    assert len([url for url in asked if "/api/playback" in url]) == 1
    assert [url for url in asked if "/api/stream" in url] == []
    assert accessibility_faults(page) == []


def test_space_plays_the_day_and_it_ends_where_the_day_does(board: ServedBoard, page: Page) -> None:
    page.goto(f"{board.url}/?as_of=2026-11-24T05:50:00Z")
    shows(page, "05:50", {})
    page.get_by_label("Speed").select_option("30")
    page.locator("body").press(" ")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    # Without a question to the server for any frame.
    page.wait_for_function("() => document.querySelector('#moment-told').textContent > '09:30'")
    page.locator("body").press(" ")
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    stood = page.locator("#moment-told").text_content()
    page.get_by_label("Time of the day").fill("1430")
    page.get_by_role("button", name="Play").click()
    expect(page.locator("#moment-told")).to_have_text("23:59", timeout=PATIENCE_MS)
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    assert stood is not None
    assert stood > "09:30"
    shows(page, "23:59", {"Ordered": 1, "Acquired": 1, "Final": 1})


def test_links_stay_at_the_instant_until_one_goes_back_to_now(board: ServedBoard, page: Page) -> None:
    page.goto(f"{board.url}/?{TEN}")
    shows(page, "10:00", {"Ordered": 1, "Acquired": 1, "Final": 1})
    page.get_by_label("Time of the day").fill("680")
    shows(page, "11:20", {"Ordered": 1, "Acquired": 1, "Final": 1})
    page.locator("#worklist-title a").click()
    expect(page.locator("#past-at")).to_have_text("Tue 24 Nov 2026, 11:20")
    expect(page.locator("#shown")).to_have_text("2 of 3")
    assert accessibility_faults(page) == []
    page.get_by_role("link", name="What was true then instead").click()
    expect(page.locator("#past")).to_contain_text("what was true then")
    expect(page.locator("#shown")).to_have_text("1 of 3")
    page.locator("#rows td.c-accession a").first.click()
    expect(page.locator("#events")).to_contain_text("Order placed")
    assert "sense=occurred" in page.url
    assert accessibility_faults(page) == []
    page.get_by_role("link", name="Health").click()
    expect(page.locator("#past")).to_contain_text("tells only of now")
    page.get_by_role("link", name="The board as it was").click()
    shows(page, "11:20", {"Ordered": 1, "Final": 2})
    page.get_by_role("link", name="Back to now").click()
    page.wait_for_url(f"{board.url}/")
    expect(page.locator("#past")).to_have_count(0)
    page.get_by_role("button", name="Look back").click()
    expect(page.locator("#past-at")).to_have_text("Wed 25 Nov 2026, 12:00")


def test_an_exam_shows_what_was_known_and_nothing_is_decided_from_the_past(
    board: ServedBoard, page: Page
) -> None:
    page.goto(f"{board.url}/exams/{quote(LATE)}?as_of=2026-11-24T20:00:00Z")
    expect(page.locator("#shown")).to_have_text("2 events")
    expect(page.locator("#steps .is-now")).to_contain_text("Completed")
    page.goto(f"{board.url}/exams/{quote(LATE)}?as_of=2026-11-24T20:00:00Z&sense=occurred")
    expect(page.locator("#shown")).to_have_text("3 events")
    expect(page.locator("#steps .is-now")).to_contain_text("Final")
    expect(page.locator("#reconcile")).to_have_count(0)


def test_forecasts_are_those_of_the_instant_and_old_by_its_clock(board: ServedBoard, page: Page) -> None:
    def expected() -> Locator:
        return page.locator(f'tr[data-exam="{OPEN}"] td.c-expected')

    page.goto(f"{board.url}/worklist?as_of=2026-11-24T10:10:00Z")
    expect(expected()).to_contain_text("11:36")
    expect(expected()).to_have_attribute("data-old", "false")
    page.goto(f"{board.url}/?as_of=2026-11-24T10:00:00Z")
    shows(page, "10:00", {"Ordered": 1, "Acquired": 1, "Final": 1})
    slider = page.get_by_label("Time of the day")
    seen = (("615", "11:36", "false"), ("640", "11:36", "true"), ("600", "\u2013", "false"))
    for minutes, words, old in seen:
        slider.fill(minutes)
        expect(expected()).to_contain_text(words)
        expect(expected()).to_have_attribute("data-old", old)
    page.goto(f"{board.url}/exams/{quote(OPEN)}?as_of=2026-11-24T10:10:00Z")
    expect(page.locator("#forecasts")).to_contain_text("≈ 11:36 10:51 to 13:06")
    expect(page.locator("#forecast-made")).to_contain_text("Made 10:06")
    page.goto(f"{board.url}/exams/{quote(OPEN)}?as_of=2026-11-25T01:00:00Z")
    expect(page.locator("#forecast-made")).to_contain_text("Old: made")


def test_figures_of_turnaround_and_quality_are_of_the_instant(board: ServedBoard, page: Page) -> None:
    page.goto(f"{board.url}/turnaround?as_of=2026-11-24T20:00:00Z")
    expect(page.locator('[data-part="summary"] .content')).to_contain_text("1 h 30".replace(" ", "\u202f"))
    assert "as_of=2026-11-24T20" in page.url
    expect(page.get_by_label("To", exact=True)).to_have_value("2026-11-24")
    page.goto(f"{board.url}/quality?as_of=2026-11-24T20:00:00Z")
    expect(page.locator('[data-part="missing"] table')).to_be_visible()
    expect(page.locator("#check")).to_have_count(0)
    assert "as_of=2026-11-24T20" in page.url


def test_what_cannot_be_asked_for_is_told_on_a_page(board: ServedBoard) -> None:
    for path, status, words in (
        ("/?as_of=2027-01-01T00:00:00Z", 400, "in the future"),
        (f"/exams/{quote(DONE)}?as_of=2026-11-24T01:00:00Z", 404, "Nothing was known of exam"),
    ):
        answer = board.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/html")
        assert words in answer.text


def test_before_the_first_event_the_board_is_empty_and_says_so(board: ServedBoard, page: Page) -> None:
    page.goto(f"{board.url}/?as_of=2026-11-24T01:00:00Z")
    expect(page.locator("#notice")).to_contain_text("the first event is of Tue 24 Nov 2026, 06:00")
    shows(page, "01:00", {})
