"""The quality page in a real browser, on the real engine, of a history whose faults are known."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from sinks.clickhouse.migrate import migrate
from tests.browser import accessibility_faults, complaints
from tests.clickhouse_running import DATABASE, PASSWORD, USER, clickhouse_server
from tests.dashboard_rows import row
from tests.quality_history import exam, fill
from tests.served_board import ServedBoard, served_board

pytestmark = pytest.mark.browser

PATIENCE_MS = 30_000
# Nobody handed this dashboard dead letters, and the browser notes every answer with an error.
_LETTERS_AWAY = "status of 503"


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedBoard]:
    with clickhouse_server(tmp_path_factory.mktemp("clickhouse")) as server:
        client = server.client("default")
        migrate(client, DATABASE)
        fill(client)
        client.close()
        where = {"clickhouse_url": server.url, "clickhouse_user": USER, "clickhouse_password": PASSWORD}
        with served_board(**where, clickhouse_database=DATABASE) as served:
            served.put(row(1))
            served.load()
            yield served


@pytest.fixture(params=[(1440, 900), (390, 844)], ids=["desktop", "phone"])
def page(board: ServedBoard, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = request.param
    context = chromium.new_context(viewport={"width": width, "height": height})
    board.sign_in(context)
    opened = context.new_page()
    heard = complaints(opened)
    opened.goto(f"{board.url}/quality")
    expect(opened.locator('[data-part="missing"] tbody tr')).to_have_count(2, timeout=PATIENCE_MS)
    expect(opened.locator('[data-part="clocks"] tbody tr')).to_have_count(3, timeout=PATIENCE_MS)
    yield opened
    context.close()
    assert [text for text in heard if _LETTERS_AWAY not in text] == []


def test_it_says_what_is_wrong_and_with_whom(page: Page) -> None:
    tiles = page.locator('[data-part="summary"] .tile')
    expect(tiles.filter(has_text="Exams that lack something")).to_contain_text("3")
    expect(tiles.filter(has_text="Repeated deliveries")).to_contain_text("4")
    ris = page.locator('[data-part="missing"] tbody tr', has_text="RIS")
    expect(ris.get_by_role("link", name=re.compile("Arrival"))).to_have_text("1")
    expect(page.locator('[data-part="clocks"] tbody tr', has_text="US7")).to_contain_text("+10")
    scanner = page.locator('[data-part="scanners"] tbody tr', has=page.locator("th", has_text="CT1"))
    expect(scanner).to_contain_text("final<completed")
    expect(page.locator("#check")).to_be_visible()
    assert accessibility_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_figure_leads_to_its_exams_and_the_way_there_can_be_sent_to_someone(page: Page) -> None:
    page.get_by_role("link", name=re.compile("Arrival")).click()
    dialog = page.get_by_role("dialog")
    link = dialog.get_by_role("link", name=row(2).accession_number)
    expect(link).to_be_visible(timeout=PATIENCE_MS)
    expect(dialog.locator("#behind-rows tr")).to_have_count(1)
    assert accessibility_faults(page) == []
    with page.expect_download() as download:
        dialog.get_by_role("link", name="CSV").click()
    text = download.value.path().read_text("utf-8")
    assert [one["exam_id"] for one in csv.DictReader(io.StringIO(text))] == [exam(2)]
    page.reload()
    expect(page.get_by_role("dialog").get_by_role("link", name=row(2).accession_number)).to_be_visible(
        timeout=PATIENCE_MS
    )
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("behind"), timeout=PATIENCE_MS)


def test_words_are_explained_by_keyboard_and_put_away(page: Page) -> None:
    word = page.locator('[data-part="missing"] th .term', has_text="Arrival")
    word.focus()
    told = page.locator(".definition")
    expect(told).to_have_text("Reported, and no arrival of the patient was said")
    page.keyboard.press("Escape")
    expect(told).to_be_hidden()


def test_the_bound_and_the_source_choose(page: Page) -> None:
    late = page.locator('[data-part="late"] tbody tr')
    expect(late.filter(has_text="RIS").locator(".is-faulty")).to_have_text("2")
    page.locator('[name="bound_s"]').select_option("900")
    expect(late.filter(has_text="RIS").locator(".is-faulty")).to_have_text("1", timeout=PATIENCE_MS)
    page.locator('[name="source"]').select_option(label="US7 · DICOM")
    expect(late).to_have_count(1, timeout=PATIENCE_MS)
    assert "system=US7" in page.url
