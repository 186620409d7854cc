"""Signing in and out in a real browser, and what it shows to whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.access.access import open_access
from dashboards.access.roles import Role
from schemas.keyring import FileKeyRing
from tests.browser import accessibility_faults, complaints, sign_in
from tests.dashboard_rows import row, sealed
from tests.served_board import PASSWORD, ServedBoard, key_directory, key_ring, served_board, user

pytestmark = pytest.mark.browser

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
# The browser itself notes every answer with an error: ClickHouse is away in these tests, and sessions end.
_EXPECTED = re.compile("status of (503|401|429)|ERR_INCOMPLETE_CHUNKED")
PATIENCE_MS = 30_000


@pytest.fixture
def board(tmp_path: Path) -> Iterator[ServedBoard]:
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    with served_board(key_ring=key_ring(tmp_path)) as served:
        served.put(sealed(row(1), ring, "Lindqvist^Erik"), row(2, "arrived"))
        served.load()
        yield served


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    opened = chromium.new_page(viewport=DESKTOP)  # type: ignore[arg-type]  # two integers
    opened.set_default_timeout(PATIENCE_MS)
    heard = complaints(opened)
    yield opened
    opened.context.close()
    assert [text for text in heard if not _EXPECTED.search(text)] == []


def test_with_the_keyboard_alone_one_signs_in_lands_where_one_wanted_and_signs_out(
    board: ServedBoard, page: Page
) -> None:
    name = user(board.settings, Role.CLINICIAN)
    wanted = f"{board.url}/exams/{quote(row(1).exam_id, safe='')}"
    page.goto(wanted)
    expect(page).to_have_title(re.compile("Sign in"))
    expect(page.get_by_label("Name")).to_be_focused()
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    expect(page.get_by_label("Name")).to_be_focused()  # the page is new: what is typed before that is lost
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(re.escape(quote(row(1).exam_id, safe=""))))
    expect(page.locator("#title")).to_contain_text("Lindqvist, Erik")
    expect(page.locator(".user")).to_contain_text("clinician")
    expect(page.locator("#privacy")).to_contain_text("Patient names shown (PHI)")
    page.locator("#sign-out").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/sign-in"))
    page.go_back()
    expect(page.get_by_text("Lindqvist")).to_have_count(0)


@pytest.mark.parametrize("ended", ["signed out elsewhere", "another password", "another role"])
def test_an_open_board_closes_when_its_session_ends(board: ServedBoard, page: Page, ended: str) -> None:
    access = open_access(board.settings.access)
    if not access.users.is_known("ada"):
        access.users.add("ada", [Role.CLINICIAN], PASSWORD)
    access.users.set_roles("ada", [Role.CLINICIAN])
    access.users.set_password("ada", PASSWORD)
    page.goto(board.url)
    sign_in(page, PASSWORD, "ada")
    expect(page.locator("#rows")).to_contain_text("Lindqvist, Erik")
    if ended == "signed out elsewhere":
        (cookie,) = page.context.cookies()
        access.sessions.end(cookie["value"])
    elif ended == "another password":
        access.users.set_password("ada", "yet another password")
    else:
        access.users.set_roles("ada", [Role.VIEWER])
    if ended == "another role":
        expect(page.locator("#privacy")).to_contain_text("Pseudonyms only", timeout=PATIENCE_MS)
        expect(page.locator("#rows")).not_to_contain_text("Lindqvist")
        expect(page.locator("#rows")).to_contain_text("A00001")
    else:
        expect(page).to_have_url(re.compile(r"/sign-in\?next=%2F$"), timeout=PATIENCE_MS)
    access.close()


def test_a_viewers_pages_hold_no_name_anywhere(board: ServedBoard, page: Page) -> None:
    board.sign_in(page.context, Role.VIEWER)
    exam = f"/exams/{quote(row(1).exam_id, safe='')}"
    for path, asks in (("/", "/api/stream"), ("/worklist", "/api/stream"), (exam, f"/api{exam}")):
        with page.expect_response(re.compile(re.escape(asks))):
            page.goto(board.url + path)
        expect(page.get_by_text(str(row(1).accession_number)).first).to_be_visible()
        expect(page.locator("#privacy")).to_contain_text("Pseudonyms only")
        assert "Lindqvist" not in page.content()
        expect(page.get_by_role("link", name="Turnaround")).to_have_count(0)
    assert board.audit.events == []


def test_while_kafka_cannot_record_a_clinician_is_told_why_there_are_no_names(
    board: ServedBoard, page: Page
) -> None:
    board.audit.takes = False
    board.sign_in(page.context, Role.CLINICIAN)
    page.goto(board.url)
    expect(page.get_by_role("alert")).to_contain_text("Kafka cannot record who sees names")
    expect(page.locator("#privacy")).to_contain_text("Pseudonyms only")
    expect(page.locator("#rows")).to_contain_text("A00001")
    expect(page.locator("#rows")).not_to_contain_text("Lindqvist")
    board.audit.takes = True
    # The stream tries again by itself, and brings the whole board anew.
    expect(page.locator("#rows")).to_contain_text("Lindqvist, Erik", timeout=60_000)
    expect(page.get_by_role("alert")).to_have_count(0)


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_the_page_fits(
    board: ServedBoard, page: Page, size: dict[str, int], scheme: str
) -> None:
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size(size)  # type: ignore[arg-type]  # two integers
    page.goto(f"{board.url}/sign-in")
    assert accessibility_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    board.sign_in(page.context)
    page.goto(board.url)
    expect(page.locator("#sign-out")).to_be_visible()
    assert accessibility_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
