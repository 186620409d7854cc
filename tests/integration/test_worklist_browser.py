"""The worklist page in a real browser, on the real application; only Kafka is played by the test."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from dashboards.access.roles import Role
from dashboards.reconciliation import Decision, Impossible
from schemas.keyring import FileKeyRing
from tests.browser import accessibility_faults, complaints
from tests.dashboard_rows import NOON, due, forecast, row, sealed
from tests.served_board import ServedBoard, key_directory, key_ring, served_board

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}


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
    # ClickHouse is away in these tests, and the browser itself notes every answer with an error.
    assert [text for text in heard if "status of 503" not in text] == []


def lines(page: Page) -> Locator:
    return page.locator("#rows tr:not(.spacer)")


def accessions(page: Page) -> Locator:
    return page.locator("#rows td.c-accession a")


def test_a_change_comes_to_the_table_by_itself_and_no_request_is_made_for_it(
    board: ServedBoard, page: Page
) -> None:
    board.put(row(1), row(2))
    board.load()
    page.goto(f"{board.url}/worklist")
    expect(lines(page)).to_have_count(2)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    board.put(row(1, "in_progress"), row(3, "arrived"))
    expect(lines(page)).to_have_count(3)
    expect(lines(page).filter(has_text="A00001").locator(".c-stage")).to_have_text("In progress")
    board.remove(row(2).exam_id)
    expect(lines(page)).to_have_count(2)
    assert asked == []


def test_every_column_sorts_both_ways_and_says_so(board: ServedBoard, page: Page) -> None:
    page.set_viewport_size({"width": 2560, "height": 1200})
    board.put(*(row(number, ("ordered", "arrived", "stored")[number % 3]) for number in range(9)))
    board.load()
    page.goto(f"{board.url}/worklist")
    expect(lines(page)).to_have_count(9)
    heads = page.locator("thead th")
    assert heads.count() == 17
    for place in range(heads.count()):
        head = heads.nth(place)
        head.get_by_role("button").click()
        first = head.get_attribute("aria-sort")
        head.get_by_role("button").click()
        assert {first, head.get_attribute("aria-sort")} == {"ascending", "descending"}
    page.get_by_role("button", name="Accession").click()
    expect(accessions(page)).to_have_text([f"A{number:05}" for number in range(9)])
    page.get_by_role("button", name="Accession").click()
    expect(accessions(page)).to_have_text([f"A{number:05}" for number in reversed(range(9))])
    expect(page).to_have_url(re.compile(r"sort=accession&down=1"))


def test_filters_stand_in_the_address_and_come_back_with_it(board: ServedBoard, page: Page) -> None:
    board.put(
        row(1, "stored", modality="CT", site="NORTH", patient_class="E", next_actor="radiologist"),
        row(2, "stored", modality="CT", patient_class="I", next_actor="radiologist"),
        row(3, "arrived", modality="MR", patient_class="E", next_actor="technologist"),
        row(4, "final", modality="CT"),
    )
    board.load()
    page.goto(f"{board.url}/worklist")
    expect(lines(page)).to_have_count(3)
    page.get_by_label("Modality").select_option("CT")
    expect(lines(page)).to_have_count(2)
    page.get_by_label("Patient class").select_option("E")
    expect(lines(page)).to_have_count(1)
    page.reload()
    expect(lines(page)).to_have_count(1)
    expect(page.get_by_label("Modality")).to_have_value("CT")
    page.goto(f"{board.url}/worklist?next=technologist")
    expect(lines(page)).to_have_count(1)
    page.goto(f"{board.url}/worklist?site=NORTH&stage=stored")
    expect(lines(page)).to_have_count(1)
    page.get_by_role("button", name="Clear").click()
    expect(lines(page)).to_have_count(3)
    expect(page).to_have_url(f"{board.url}/worklist")


def test_a_filter_is_saved_under_a_name_used_again_and_forgotten(board: ServedBoard, page: Page) -> None:
    board.put(row(1, modality="CT"), row(2, modality="MR"))
    board.load()
    page.goto(f"{board.url}/worklist?modality=MR&sort=patient")
    page.get_by_text("Saved filters").click()
    page.get_by_label("Name of this filter").fill("MR by name")
    page.get_by_role("button", name="Save").click()
    page.goto(f"{board.url}/worklist")
    expect(lines(page)).to_have_count(2)
    page.get_by_text("Saved filters").click()
    page.get_by_role("button", name="MR by name", exact=True).click()
    expect(lines(page)).to_have_count(1)
    expect(page).to_have_url(re.compile("modality=MR&sort=patient"))
    page.get_by_text("Saved filters").click()
    page.get_by_role("button", name="Forget MR by name").click()
    expect(page.get_by_text("None yet.")).to_be_visible()


def test_search_finds_by_accession_name_and_procedure(board: ServedBoard, page: Page, tmp_path: Path) -> None:
    ring = FileKeyRing(key_directory(tmp_path), b"k" * 32)
    board.put(sealed(row(1), ring, "Lindqvist^Erik"), sealed(row(2), ring, "Abel^Ida"), row(3))
    board.load()
    page.goto(f"{board.url}/worklist")
    expect(lines(page)).to_have_count(3)
    for asked, found in (("lindq", "A00001"), ("a00003", "A00003"), ("procedure 2", "A00002")):
        page.get_by_label("Text").fill(asked)
        expect(lines(page)).to_have_count(1)
        expect(lines(page)).to_contain_text(found)


def test_what_is_late_has_a_sign_and_a_word_besides_its_colour(board: ServedBoard, page: Page) -> None:
    board.put(row(1, "stored"), row(2, "stored"), row(3, "stored"), row(4, "stored"))
    board.due(
        due(1, NOON - timedelta(minutes=5)),
        due(2, NOON + timedelta(minutes=10)),
        due(3, NOON + timedelta(hours=9)),
    )
    board.load()
    page.goto(f"{board.url}/worklist?sort=due")
    cells = page.locator("td.c-due")
    expect(cells).to_have_text(
        [re.compile(r"▲ late [45]\smin"), re.compile(r"◆ in 10\smin"), re.compile(r"^in [89]\sh"), "\u2013"]
    )
    page.get_by_label("Flag").select_option("late")
    expect(lines(page)).to_have_count(1)
    page.get_by_label("Flag").select_option("soon")
    expect(lines(page)).to_contain_text(["A00002"])


def test_a_forecast_is_a_range_with_its_risk_here_and_says_why_on_the_exams_page(
    board: ServedBoard, page: Page
) -> None:
    board.put(row(1, "stored"), row(2, "stored"), row(3, "stored"))
    board.due(*(due(number, NOON + timedelta(minutes=90)) for number in (1, 2, 3)))
    board.forecast(forecast(1, 0.004), forecast(2, 0.35))
    board.load()
    page.goto(f"{board.url}/worklist?sort=risk")
    expect(page.locator("td.c-risk")).to_have_text(["35 %", "<1 %", "\u2013"])
    expected = page.locator("td.c-expected")
    expect(expected.first).to_have_text(re.compile(r"^≈ \d\d:00 \d\d:30 to \d\d:00$"))
    expect(expected.last).to_have_text("\u2013")
    assert accessibility_faults(page) == []
    page.get_by_role("link", name="A00002").click()
    panel = page.locator("#forecast-panel")
    expect(panel).to_contain_text("35 % likely late: Completed → final report")
    expect(panel).to_contain_text("Most by exams to be read before this one, the hour")
    expect(panel).to_contain_text("by model 20260101T000000Z-0123abcd")
    assert accessibility_faults(page) == []


def test_who_falls_back_says_why_on_the_worklist_and_on_the_exam_s_page(
    board: ServedBoard, page: Page
) -> None:
    board.put(row(1, "stored"), row(2, "stored"))
    why = "the model was never shown XA"
    board.forecast(replace(forecast(1, 0.2), model="baseline", reasons=(), fallback_reason=why))
    board.load()
    page.goto(f"{board.url}/worklist")
    told = page.locator('tr[data-exam="GENERAL|A00001"] td.c-expected')
    expect(told).to_have_attribute(
        "title", re.compile(f"by what exams like it took in the last weeks: {why}")
    )
    page.get_by_role("link", name="A00001").click()
    panel = page.locator("#forecast-panel")
    expect(panel).to_contain_text(f"No model: {why}")
    expect(panel).to_contain_text("by what exams like it took in the last weeks")
    page.goto(f"{board.url}/exams/{quote(row(2).exam_id, safe='')}")
    expect(panel).to_contain_text("Nothing is forecast of it: there is no history of exams like it to go by")
    assert accessibility_faults(page) == []


def test_at_every_width_a_lead_sees_the_range_and_the_three_that_will_most_likely_be_late(
    board: ServedBoard, page: Page
) -> None:
    board.put(*(row(number, "stored") for number in range(1, 7)))
    late = {1: 0.004, 2: 0.35, 3: 0.5, 4: 0.2, 5: 1.0}
    board.due(*(due(number, NOON + timedelta(minutes=-5 if number == 5 else 90)) for number in late))
    board.forecast(*(forecast(number, chance) for number, chance in late.items()))
    board.load()
    likely, second = page.locator("#likely li"), page.locator('tr[data-exam="GENERAL|A00002"]')
    for width in (390, 1024, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{board.url}/")
        # What is late already is among the alerts; what will hardly be late is not told.
        expect(likely).to_contain_text(["50 %A00003", "35 %A00002", "20 %A00004"])
        expect(likely.first).to_contain_text("due in 1\u202fh\u202f30: Completed → final report")
        expect(likely.first).to_contain_text(re.compile(r"final ≈ \d\d:00, \d\d:30 to \d\d:00"))
        expect(likely.last.get_by_role("meter", name="A00004: 20 % likely late")).to_be_visible()
        assert accessibility_faults(page) == []
        page.goto(f"{board.url}/worklist")
        expect(second.locator("td.c-expected")).to_be_visible()
        expect(second.locator("td.c-risk")).to_be_visible(visible=width != 1024)
        assert accessibility_faults(page) == []
    page.goto(f"{board.url}/")
    board.due(due(3, NOON - timedelta(minutes=1)))
    board.remove(row(2).exam_id)
    expect(likely).to_contain_text(["20 %A00004"])
    board.remove(row(4).exam_id)
    expect(page.locator("#likely-none")).to_be_visible()


def test_queues_are_tabs_with_counts_that_hold_what_was_reported_too(board: ServedBoard, page: Page) -> None:
    board.put(
        row(1),
        row(2, "unmatched", accession_number=None),
        row(3, "stored", patient_mismatch=True),
        row(4, "final", accession_reused=True),
    )
    board.load()
    page.goto(f"{board.url}/worklist")
    tabs = page.get_by_role("tab")
    expect(tabs).to_have_text(
        [re.compile(r"All\s*3"), re.compile(r"Unmatched\s*1"), re.compile(r"Mismatch\s*2")]
    )
    tabs.nth(2).click()
    expect(lines(page)).to_have_count(2)
    expect(tabs.nth(2)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowLeft")
    expect(tabs.nth(1)).to_be_focused()
    expect(lines(page)).to_have_count(1)
    expect(page).to_have_url(re.compile("queue=unmatched"))
    board.put(row(5, "unmatched", accession_number=None))
    expect(page.locator("#said")).to_have_text("2 in Unmatched")


def test_the_keyboard_searches_walks_opens_and_clears(board: ServedBoard, page: Page) -> None:
    board.put(*(row(number, modality="CT", priority="ROUTINE") for number in range(200)))
    board.load()
    page.goto(f"{board.url}/worklist?sort=accession")
    expect(page.locator("#shown")).to_have_text("200 of 200")
    for _ in range(60):
        page.keyboard.press("j")
    focused = page.locator("#rows tr:focus-within .c-accession")
    expect(focused).to_have_text("A00059")
    expect(focused).to_be_in_viewport()
    page.keyboard.press("k")
    expect(focused).to_have_text("A00058")
    board.put(row(900, accession_number="A000001", modality="CT", priority="ROUTINE"))
    expect(page.locator("#shown")).to_have_text("201 of 201")
    expect(focused).to_have_text("A00058")
    page.keyboard.press("/")
    page.keyboard.type("a00007")
    expect(lines(page)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator("#shown")).to_have_text("201 of 201")
    page.keyboard.press("/")
    page.keyboard.type("a00007")
    expect(lines(page)).to_have_count(1)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_url(f"{board.url}/exams/{quote(row(7).exam_id, safe='')}")


def test_two_thousand_exams_are_a_page_of_rows_wherever_one_looks(board: ServedBoard, page: Page) -> None:
    board.put(*(row(number, "ordered", since=NOON - timedelta(seconds=number)) for number in range(2_000)))
    board.load()
    page.goto(f"{board.url}/worklist?sort=accession")
    expect(page.locator("#shown")).to_have_text("2000 of 2000")
    assert lines(page).count() < 80
    page.locator("#scroll").evaluate("node => { node.scrollTop = node.scrollHeight / 2; }")
    expect(page.locator('#rows tr[aria-rowindex="1002"]')).to_contain_text("A01000")
    assert lines(page).count() < 80
    expect(page.locator("table")).to_have_attribute("aria-rowcount", "2001")


@pytest.mark.parametrize("size", [{"width": 1440, "height": 900}, PHONE])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_and_nothing_is_wider_than_the_screen(
    board: ServedBoard, chromium: Browser, size: dict[str, int], scheme: str
) -> None:
    board.put(
        *(row(number, ("stored", "unmatched", "arrived")[number % 3]) for number in range(40)),
        row(
            50, "stored", patient_mismatch=True, held_since_at=NOON, location="A very long point of care " * 3
        ),
    )
    board.due(due(0, NOON - timedelta(minutes=5)), due(2, NOON + timedelta(minutes=10)))
    board.load()
    page = chromium.new_page(viewport=size, color_scheme="dark" if scheme == "dark" else "light")  # type: ignore[arg-type]
    board.sign_in(page.context)
    page.goto(f"{board.url}/worklist")
    expect(lines(page)).not_to_have_count(0)
    assert accessibility_faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    page.close()


def test_on_a_phone_an_exam_is_a_card_and_the_filters_are_folded(board: ServedBoard, page: Page) -> None:
    board.put(row(1, "stored", images_expected=40, instance_count=38, next_actor="radiologist"))
    board.load()
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    page.goto(f"{board.url}/worklist")
    card = lines(page).first
    for told in ("Procedure 1", "38/40", "Radiologist", "A00001", "Stored"):
        expect(card.get_by_text(told)).to_be_visible()
    expect(page.get_by_label("Modality")).to_be_hidden()
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("Modality").select_option("MR")
    expect(page.get_by_text("Filters (1)")).to_be_visible()


STUDY = row(90, "unmatched", exam_id="GENERAL|study|1.2", accession_number=None, study_instance_uid="1.2")


@pytest.fixture
def said() -> list[Decision]:
    return []


@pytest.fixture
def desk(tmp_path: Path, said: list[Decision]) -> Iterator[ServedBoard]:
    """A dashboard whose decisions are kept in `said`, as Kafka would."""

    def say(decision: Decision) -> list[str]:
        said.append(decision)
        return ["1", "2"]

    with served_board(key_ring=key_ring(tmp_path), reconcile=say) as served:
        served.put(STUDY, row(2, "arrived", patient_key=STUDY.patient_key), row(3, "arrived"))
        served.load()
        yield served


@pytest.fixture
def worklist(desk: ServedBoard, chromium: Browser) -> Iterator[Page]:
    opened = chromium.new_page(viewport={"width": 1440, "height": 900})
    desk.sign_in(opened.context, Role.CLINICIAN)
    opened.goto(f"{desk.url}/worklist?queue=unmatched")
    expect(lines(opened)).to_have_count(1)
    yield opened
    opened.close()


def test_images_are_reconciled_after_a_question_and_taken_apart_again(
    desk: ServedBoard, worklist: Page, said: list[Decision]
) -> None:
    worklist.get_by_role("button", name="Reconcile… GENERAL|study|1.2").click()
    dialog = worklist.get_by_role("dialog")
    expect(dialog.get_by_role("radio")).to_have_count(1)
    expect(dialog).to_contain_text("same patient")
    dialog.get_by_role("radio").check()
    assert accessibility_faults(worklist) == []
    dialog.get_by_role("button", name="Reconcile…").click()
    expect(dialog.locator("#reconcile-ask")).to_contain_text("belong to A00002")
    assert said == []
    dialog.get_by_role("button", name="Yes").click()
    expect(dialog.locator("#reconcile-outcome")).to_contain_text("Said")
    desk.put(row(90, "reconciled", exam_id=STUDY.exam_id, reconciled_into=row(2).exam_id))
    expect(lines(worklist)).to_have_count(0)
    dialog.get_by_role("button", name="Undo").click()
    expect(dialog.locator("#reconcile-outcome")).to_contain_text("on their own again")
    assert [(one.by, one.into.exam_id, one.undo) for one in said] == [
        ("clinician", row(2).exam_id, False),
        ("clinician", row(2).exam_id, True),
    ]


def test_the_dialog_is_done_with_the_keyboard_alone(
    desk: ServedBoard, worklist: Page, said: list[Decision]
) -> None:
    worklist.keyboard.press("j")
    worklist.keyboard.press("r")
    dialog = worklist.get_by_role("dialog")
    expect(dialog.get_by_label("Accession number or exam id of another exam")).to_be_focused()
    worklist.keyboard.type("A00003")
    worklist.keyboard.press("Enter")
    expect(dialog.locator(".candidate")).to_contain_text("A00003")
    dialog.get_by_role("radio").focus()
    worklist.keyboard.press("Space")
    worklist.keyboard.press("Enter")
    expect(dialog.get_by_role("button", name="Yes")).to_be_focused()
    worklist.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert said == []
    worklist.keyboard.press("r")
    dialog.get_by_label("Accession number or exam id of another exam").fill("NOSUCH")
    dialog.get_by_role("button", name="Find").click()
    expect(dialog.locator("#reconcile-none")).to_contain_text("No exam has the accession number or id NOSUCH")


def test_what_is_refused_is_told_in_the_dialog(desk: ServedBoard, chromium: Browser, tmp_path: Path) -> None:
    def refuse(_: Decision) -> list[str]:
        raise Impossible("it is reconciled into another already")

    with served_board(reconcile=refuse) as served:
        served.put(STUDY, row(2, "arrived", patient_key=STUDY.patient_key))
        served.load()
        page = chromium.new_page()
        served.sign_in(page.context, Role.CLINICIAN)
        page.goto(f"{served.url}/worklist?queue=unmatched")
        page.get_by_role("button", name="Reconcile…").first.click()
        page.get_by_role("radio").check()
        page.get_by_role("dialog").get_by_role("button", name="Reconcile…").click()
        page.get_by_role("button", name="Yes").click()
        expect(page.locator("#reconcile-problem")).to_contain_text("reconciled into another already")
        page.close()


def test_who_may_not_reconcile_is_not_offered_it(desk: ServedBoard, chromium: Browser) -> None:
    page = chromium.new_page()
    desk.sign_in(page.context, Role.VIEWER)
    page.goto(f"{desk.url}/worklist?queue=unmatched")
    expect(lines(page)).to_have_count(1)
    expect(page.get_by_role("button", name="Reconcile…")).to_have_count(0)
    page.close()


def test_an_exams_page_offers_to_reconcile_what_has_no_order(
    desk: ServedBoard, chromium: Browser, said: list[Decision]
) -> None:
    page = chromium.new_page()
    desk.sign_in(page.context, Role.CLINICIAN)
    page.goto(f"{desk.url}/exams/{quote(STUDY.exam_id, safe='')}")
    page.get_by_role("button", name="Reconcile…").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio").check()
    dialog.get_by_role("button", name="Reconcile…").click()
    dialog.get_by_role("button", name="Yes").click()
    expect(dialog.locator("#reconcile-outcome")).to_contain_text("Said")
    assert [one.into.exam_id for one in said] == [row(2).exam_id]
    page.goto(f"{desk.url}/exams/{quote(row(3).exam_id, safe='')}")
    expect(page.locator("#title h1")).to_have_text("A00003")
    expect(page.get_by_role("button", name="Reconcile…")).to_have_count(0)
    page.close()
