"""The pages in a real browser, on the real application; only the Kafka topic is played by the test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.live import FeedState
from schemas.keyring import FileKeyRing
from tests.browser import accessibility_faults, complaints
from tests.dashboard_rows import NOON, alert, due, row, sealed
from tests.served_board import ServedBoard, key_directory, key_ring, served_board

pytestmark = pytest.mark.browser

# ClickHouse is away in these tests, and the browser itself notes every answer with an error.
_ANALYTICS_AWAY = "status of 503"


@pytest.fixture
def board(tmp_path: Path) -> Iterator[ServedBoard]:
    with served_board(key_ring=key_ring(tmp_path)) as served:
        yield served


@pytest.fixture
def page(chromium: Browser, board: ServedBoard) -> Iterator[Page]:
    opened = chromium.new_page(viewport={"width": 1440, "height": 900})
    board.sign_in(opened.context)
    heard = complaints(opened)
    yield opened
    opened.close()
    assert [text for text in heard if _ANALYTICS_AWAY not in text] == []


def card_in(page: Page, stage: str, number: int) -> str:
    return f'[data-stage="{stage}"] .card[data-exam="{row(number).exam_id}"]'


def test_a_card_moves_from_stage_to_stage_and_is_seen_to_move(board: ServedBoard, page: Page) -> None:
    board.put(row(1, "ordered"), row(2, "arrived"))
    board.load()
    page.goto(board.url)
    expect(page.locator(card_in(page, "ordered", 1))).to_be_visible()
    board.put(row(1, "in_progress"))
    page.locator(".card.ghost").wait_for(state="attached")
    expect(page.locator(card_in(page, "in_progress", 1))).to_be_visible()
    expect(page.locator(card_in(page, "ordered", 1))).to_have_count(0)
    expect(page.locator('[data-stage="in_progress"] .count')).to_have_text("1")
    expect(page.locator(".card.ghost")).to_have_count(0)


def test_nothing_flies_for_who_wants_less_motion(board: ServedBoard, chromium: Browser) -> None:
    board.put(row(1, "ordered"))
    board.load()
    page = chromium.new_page(reduced_motion="reduce")
    board.sign_in(page.context)
    page.goto(board.url)
    expect(page.locator(card_in(page, "ordered", 1))).to_be_visible()
    page.evaluate("() => { window.flew = 0; Element.prototype.animate = () => { window.flew += 1; }; }")
    board.put(row(1, "arrived"))
    expect(page.locator(card_in(page, "arrived", 1))).to_be_visible()
    assert page.evaluate("window.flew") == 0
    page.close()


def test_a_row_says_what_is_due_who_is_next_and_how_many_images_there_are(
    board: ServedBoard, page: Page
) -> None:
    board.put(
        row(1, "stored", next_actor="radiologist", images_expected=40, instance_count=40), row(2, "stored")
    )
    board.due(due(1, NOON + timedelta(minutes=12)), due(2, NOON - timedelta(minutes=5)))
    board.load()
    page.goto(board.url)
    lines = page.locator("#rows tr:not(.spacer)")
    first = lines.filter(has_text=row(1).accession_number)
    expect(first.locator(".c-due")).to_contain_text(re.compile(r"in \d+\smin"))
    expect(first.locator(".c-due")).to_have_attribute("data-state", "warned")
    expect(first.locator(".c-next")).to_have_text("Radiologist")
    expect(first.locator(".c-images")).to_have_text("40/40")
    expect(lines.locator('.c-due[data-state="breached"]')).to_contain_text(re.compile(r"late \d+\smin"))


def test_a_cancelled_order_leaves_and_a_tombstone_removes(board: ServedBoard, page: Page) -> None:
    board.put(row(1), row(2))
    board.load()
    page.goto(board.url)
    expect(page.locator(".card")).to_have_count(2)
    board.remove(row(1).exam_id)
    expect(page.locator(".card")).to_have_count(1)


def test_an_empty_department_is_told_so(board: ServedBoard, page: Page) -> None:
    board.load()
    page.goto(board.url)
    expect(page.locator("#empty")).to_contain_text("No exams yet")
    expect(page.locator(".stage")).to_have_count(11)
    expect(page.locator("#tat")).to_contain_text("Analytics unavailable since")


def test_of_five_thousand_exams_only_those_in_sight_are_drawn(board: ServedBoard, page: Page) -> None:
    board.put(*(row(number, "ordered", since=NOON - timedelta(seconds=number)) for number in range(5_000)))
    board.load()
    page.goto(board.url)
    expect(page.locator("#shown")).to_have_text("5000 of 5000")
    assert page.locator("#rows tr").count() < 100
    assert page.locator(".card").count() <= 30
    page.locator("#scroll").evaluate("node => { node.scrollTop = node.scrollHeight / 2; }")
    expect(page.locator('#rows tr[aria-rowindex="2500"]')).to_have_count(1)
    page.locator("#filter-text").fill("|A04")
    expect(page.locator("#shown")).to_have_text("1000 of 5000")
    assert page.locator("#rows tr").count() < 100


def test_the_worklist_is_filtered_and_sorted(board: ServedBoard, page: Page, tmp_path: Path) -> None:
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    board.put(
        sealed(row(1, "ordered", modality="CT"), ring, "Lindqvist^Erik"),
        sealed(row(2, "arrived", modality="MR"), ring, "Abel^Ida"),
        row(3, "final", modality="CT"),
    )
    board.load()
    page.goto(board.url)
    rows = page.locator("#rows tr:not(.spacer)")
    expect(rows).to_have_count(2)  # finished exams are not open
    page.get_by_role("button", name="Patient").click()
    expect(rows.first).to_contain_text("Abel, Ida")
    page.get_by_role("button", name="Patient").click()
    expect(rows.first).to_contain_text("Lindqvist, Erik")
    page.get_by_label("Stage", exact=True).select_option("")
    page.get_by_label("Modality").select_option("CT")
    expect(rows).to_have_count(2)
    page.keyboard.press("Escape")
    page.locator("h2").first.click()
    page.keyboard.press("/")
    page.keyboard.type("lindqvist")
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="All exams").click()
    expect(rows).to_have_count(2)
    page.get_by_role("button", name="1 Final today: show them in the worklist").click()
    expect(rows).to_have_count(1)


def test_a_row_leads_to_its_exam_whose_page_follows_it(
    board: ServedBoard, page: Page, tmp_path: Path
) -> None:
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    board.put(sealed(row(1, "ordered"), ring, "Lindqvist^Erik"))
    board.load()
    page.goto(board.url)
    page.get_by_role("link", name="A00001").last.click()
    page.wait_for_url(f"{board.url}/exams/{quote(row(1).exam_id, safe='')}")
    expect(page.locator("#title")).to_contain_text("Lindqvist, Erik · F · born 1961-04-12 · MRN 4711")
    expect(page.locator(".privacy")).to_contain_text("PHI")
    expect(page.locator("#facts")).to_contain_text("Ordered")
    board.put(sealed(row(1, "in_progress", started_at=NOON), ring, "Lindqvist^Erik"))
    expect(page.locator("#facts")).to_contain_text("In progress")
    expect(page.locator(".step.is-now")).to_contain_text("Started")


def test_doubts_about_an_exam_are_badges_on_board_worklist_and_page(board: ServedBoard, page: Page) -> None:
    board.put(row(1, "stored", patient_mismatch=True), row(2, "stored"), row(3, accession_reused=True))
    board.load()
    page.goto(board.url)
    expect(page.locator(f"{card_in(page, 'stored', 1)} .doubt")).to_have_text("Patient mismatch")
    expect(page.locator(f"{card_in(page, 'stored', 2)} .doubt")).to_have_count(0)
    expect(page.locator(".worklist .doubt").filter(visible=True)).to_have_count(2)
    page.goto(f"{board.url}/exams/{quote(row(3).exam_id)}")
    expect(page.locator("#title .doubt")).to_have_text("Accession reused")
    board.put(row(3, accession_reused=False))
    expect(page.locator("#title .doubt")).to_have_count(0)


def test_a_hostile_value_stays_text(board: ServedBoard, page: Page) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    board.put(row(1, procedure_name=hostile, location=hostile, accession_number=hostile))
    board.load()
    page.goto(board.url)
    expect(page.locator(".card .procedure")).to_have_text(hostile)
    assert page.locator("main img").count() == 0


def test_old_data_is_shown_as_old_with_its_age(board: ServedBoard, page: Page) -> None:
    board.put(row(1))
    board.load()
    page.goto(board.url)
    expect(page.locator("#link")).to_have_text("Live")
    board.report(FeedState.STALE, datetime.now(UTC) - timedelta(minutes=3), "no broker")
    expect(page.locator("#link")).to_contain_text("Stale")
    expect(page.locator("#link")).to_contain_text("3")
    expect(page.get_by_role("alert")).to_contain_text("Kafka gives no answer")
    expect(page.locator(card_in(page, "ordered", 1))).to_be_visible()
    board.report(FeedState.LIVE)
    expect(page.locator("#link")).to_have_text("Live")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_ages_tick_at_the_speed_of_the_departments_clock(chromium: Browser) -> None:
    with served_board(clock_speed=120.0) as served:
        served.put(row(1, since=NOON - timedelta(minutes=10)))
        served.load()
        page = chromium.new_page()
        served.sign_in(page.context)
        page.goto(served.url)
        # The server's clock stands still: it is the page that counts on, two minutes in each second.
        expect(page.locator(".card .age")).to_have_text(re.compile("(1[5-9]|[2-5][0-9])m|h"), timeout=30_000)
        page.close()


@pytest.mark.parametrize("width", [360, 390, 768, 1024, 1440, 2560])
def test_nothing_is_wider_than_the_screen(board: ServedBoard, page: Page, width: int) -> None:
    board.put(
        *(row(number, "scheduled", location="A very long point of care " * 3) for number in range(40)),
        row(50, "unmatched", accession_number=None, procedure_name=None, modality=None, priority=None),
    )
    board.load()
    page.set_viewport_size({"width": width, "height": 844})
    for path in ("/", f"/exams/{quote(row(1).exam_id, safe='')}"):
        page.goto(board.url + path)
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_everything_on_the_board_can_be_reached_with_the_keyboard(board: ServedBoard, page: Page) -> None:
    board.put(row(1))
    board.load()
    page.goto(board.url)
    expect(page.locator(".card")).to_have_count(1)
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("(document.activeElement.id || document.activeElement.className)"))
    assert {
        "skip",
        "filter-modality",
        "card",
        "count",
        "interval",
        "filter-text",
        "filter-stage",
        "scroll",
    } <= reached


def test_what_is_due_soon_stands_before_what_is_late_and_leaves_when_it_is_met(
    board: ServedBoard, page: Page
) -> None:
    board.put(row(1), row(2))
    board.load()
    board.alert()
    page.goto(board.url)
    panel = page.locator(".alerts")
    expect(panel.locator(".alert-rest")).to_have_text("Every target is kept.")
    late, soon = NOON - timedelta(minutes=5), NOON + timedelta(minutes=12)
    board.alert(alert(1, "breached", late), alert(2, "warned", soon, interval="arrival_to_start"))
    expect(panel.locator("li")).to_have_count(2)
    expect(panel.locator("li").nth(0)).to_contain_text("Due")
    expect(panel.locator("li").nth(0)).to_contain_text("Arrived → started")
    expect(panel.locator("li").nth(1)).to_contain_text("Late")
    expect(page.locator("#alerts-warned")).to_have_text("1 at risk")
    median = {"p10_at": soon, "p50_at": soon + timedelta(minutes=15), "p90_at": soon + timedelta(hours=1)}
    raised = {"breach_probability": 0.72, "forecast_at": NOON, "warned_at": NOON, "warned_before_s": 720}
    said = {"warned_by": "20261129T1200Z-abc", "reasons": ("unread",), **median, **raised}
    board.alert(alert(2, "warned", soon, interval="arrival_to_start", **said))
    likely = panel.locator("li").nth(0)
    expect(likely).to_contain_text("Likely late")
    expect(likely).to_contain_text(re.compile(r"72 % likely to miss .*; median .* \(.* to .*\)"))
    expect(likely.locator("a")).to_have_attribute(
        "title", re.compile(r"Most by .*by model 20261129T1200Z-abc")
    )
    expect(panel.locator("li").nth(1)).to_contain_text("not warned of")
    board.alert(alert(2, "met", soon))
    expect(panel.locator("li")).to_have_count(1)
    expect(page.locator("#alerts-warned")).to_have_text("0 at risk")
    panel.locator("li a").click()
    expect(page).to_have_url(re.compile(quote(row(1).exam_id, safe="")))


def test_filters_hold_for_every_part_of_the_board_and_stand_in_its_address(
    board: ServedBoard, page: Page
) -> None:
    board.put(row(1, "stored", modality="CT"), row(2, "stored", modality="MR"), row(3, modality="CT"))
    board.load()
    board.alert(
        alert(1, "warned", NOON + timedelta(minutes=9), modality="CT"),
        alert(2, "breached", NOON - timedelta(minutes=9), modality="MR"),
    )
    page.goto(board.url)
    expect(page.locator(".card")).to_have_count(3)
    with page.expect_request(lambda request: "/api/today" in request.url and "modality=MR" in request.url):
        page.get_by_label("Modality").select_option("MR")
    expect(page.locator(".card")).to_have_count(1)
    expect(page.locator("#rows tr:not(.spacer)")).to_have_count(1)
    expect(page.locator(".alerts li")).to_have_count(1)
    expect(page.locator("#alerts-warned")).to_have_text("0 at risk")
    expect(page.locator("#totals")).to_contain_text("1 open")
    page.reload()
    expect(page.locator(".card")).to_have_count(1)
    page.get_by_role("button", name="All exams").click()
    expect(page.locator(".card")).to_have_count(3)
    expect(page).to_have_url(f"{board.url}/")


def test_each_stage_tells_its_oldest_and_how_many_are_late_or_when_the_next_will_be(
    board: ServedBoard, page: Page
) -> None:
    board.put(row(1, "stored", since=NOON - timedelta(minutes=90)), row(2, "stored"), row(3, "arrived"))
    board.due(due(1, NOON - timedelta(minutes=5)), due(3, NOON + timedelta(minutes=8)))
    board.load()
    page.goto(board.url)
    stored = page.locator('[data-stage="stored"] .stage-note')
    expect(stored.locator(".stage-oldest")).to_have_text("oldest 1h30")
    expect(stored.locator(".stage-due")).to_have_text("▲ 1 late")
    expect(page.locator('[data-stage="arrived"] .stage-due')).to_have_text(re.compile(r"◆ due in [78]m"))
    expect(page.locator(card_in(page, "stored", 1)).locator(".breach")).to_have_text("▲ 5m late")
    expect(page.locator(card_in(page, "stored", 2)).locator(".breach")).to_be_hidden()


def test_a_wall_shows_no_more_than_what_can_be_read_from_afar(board: ServedBoard, page: Page) -> None:
    board.put(*(row(number, "stored") for number in range(40)))
    board.load()
    page.set_viewport_size({"width": 1920, "height": 1080})
    page.goto(f"{board.url}/?modality=CT")
    page.get_by_role("button", name="Wall mode").click()
    expect(page.locator(".worklist")).to_be_hidden()
    expect(page).to_have_url(re.compile("modality=CT&wall=1"))
    for gone in ("#filters", ".pages", "#wall", ".user"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.locator(".stages")).to_be_visible()
    assert page.evaluate("getComputedStyle(document.body).cursor") == "none"
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    page.goto(f"{board.url}/?wall=1")
    expect(page.locator(".worklist")).to_be_hidden()
    page.keyboard.press("Escape")
    expect(page.locator(".worklist")).to_be_visible()
    expect(page).to_have_url(f"{board.url}/")


@pytest.mark.parametrize("path", ["/", "/?wall=1"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_on_the_board(
    board: ServedBoard, chromium: Browser, path: str, scheme: Literal["light", "dark"]
) -> None:
    board.put(*(row(number, ("stored", "arrived", "final")[number % 3]) for number in range(12)))
    board.due(due(0, NOON - timedelta(minutes=5)), due(1, NOON + timedelta(minutes=8)))
    board.load()
    board.alert(alert(1, "breached", NOON - timedelta(minutes=5)), alert(2, "warned", NOON))
    page = chromium.new_page(viewport={"width": 1440, "height": 900}, color_scheme=scheme)
    board.sign_in(page.context)
    page.goto(board.url + path)
    expect(page.locator(".card").first).to_be_visible()
    assert accessibility_faults(page) == []
    page.close()
