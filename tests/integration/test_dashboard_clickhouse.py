"""What the dashboard asks of ClickHouse: on the real server, with the sink's own tables and rows."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import httpx
import numpy as np
import pyarrow.parquet as pq
import pytest
from clickhouse_connect.driver.client import Client
from playwright.sync_api import expect

from runtime.exam_effects import effects
from runtime.stack.ports import allocate_free_ports
from schemas.codec import Record
from schemas.events import AcquisitionStarted, InstanceStored, OrderPlaced
from schemas.identity import event_id
from schemas.keyring import FileKeyRing
from schemas.parts import Envelope, Interval, Source
from schemas.views import TurnaroundRow
from sinks.clickhouse import rows as tables
from sinks.clickhouse.client import connect
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.daily import count_days
from sinks.clickhouse.hourly import count_hours
from sinks.clickhouse.migrate import migrate
from tests.browser import accessibility_faults, browser, complaints
from tests.dashboard_rows import NOON, row, sealed
from tests.served_board import ServedBoard, key_directory, key_ring, served_board

pytestmark = pytest.mark.stack

_SERVE = """
import sys
from pathlib import Path
from typing import Any, Literal
from runtime.local.clickhouse import ClickHouseConfig, serve
serve(ClickHouseConfig(host="127.0.0.1", port=int(sys.argv[1]), directory=Path(sys.argv[2]),
                       user="radstream", password="secret", max_memory_mb=1024))
"""
EXAM = "GENERAL|A00001"
STUDY_EXAM = "GENERAL|study|1.2"
MINUTES = {"CT": [10, 20, 30, 40, 100], "MR": [60]}


def start(port: int, directory: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", _SERVE, str(port), str(directory)])
    deadline_s = time.monotonic() + 90
    while time.monotonic() < deadline_s:
        assert process.poll() is None
        try:
            httpx.get(f"http://127.0.0.1:{port}/ping", timeout=60).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return process
    process.kill()
    pytest.fail("ClickHouse did not answer within 90 s")


def end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


def insert(client: Client, table: tables.Table, records: Sequence[Record]) -> None:
    placed = [Placed(record, "topic", 0, offset) for offset, record in enumerate(records)]
    client.insert_arrow(table.name, tables.to_arrow(table, placed))


def envelope(step: str, minutes: float) -> Envelope:
    at = NOON + timedelta(minutes=minutes)
    return Envelope(
        event_id=event_id("test", step),
        exam_id=EXAM,
        occurred_at=at,
        recorded_at=at + timedelta(seconds=1),
        source=Source(system="RIS", facility="GENERAL", protocol="HL7v2"),
        source_message_id="1",
        site="GENERAL",
        swim_code="RID45813" if step == "order" else None,
    )


def turnaround(
    exam: str, modality: str, end_at: datetime, minutes: float, name: str = "report_turnaround"
) -> TurnaroundRow:
    interval = Interval(
        name=name,
        start_at=end_at - timedelta(minutes=minutes),
        end_at=end_at,
        seconds=minutes * 60,
    )
    return TurnaroundRow(
        exam_id=exam,
        site="GENERAL",
        modality=modality,
        intervals=(interval,),
        event_count=1,
        last_recorded_at=end_at,
    )


def fill(client: Client, ring: FileKeyRing) -> None:
    migrate(client, "radstream")
    instance: dict[str, Any] = {
        "study_instance_uid": "1.2",
        "sop_class_uid": "1.2.840.10008.5.1.4.1.1.2",
        "transfer_syntax_uid": "1.2.840.10008.1.2.1",
        "sha256": "0" * 64,
        "calling_ae_title": "CT1",
    }
    insert(
        client,
        tables.EVENTS,
        [
            AcquisitionStarted(envelope=envelope("start", 12), station_ae_title="CT1"),
            OrderPlaced(envelope=envelope("order", 0), accession_number="A00001"),
            OrderPlaced(envelope=envelope("order", 0), accession_number="A00001"),
        ],
    )
    images = [
        InstanceStored(
            envelope=envelope(f"image {number}", 13),
            series_instance_uid=f"1.2.{number % 2}",
            sop_instance_uid=f"1.2.3.{number}",
            size_bytes=1_000,
            object_key=f"{number}",
            **instance,
        )
        for number in range(3)
    ]
    insert(client, tables.INSTANCES, images)
    reconciled = row(2, "reconciled", exam_id=STUDY_EXAM, accession_number=None, reconciled_into=EXAM)
    insert(client, tables.WORKLIST, [sealed(row(1, "final"), ring, "Lindqvist^Erik"), reconciled])
    rows = [
        turnaround(f"GENERAL|{modality}{minutes}", modality, NOON, minutes)
        for modality, all_minutes in MINUTES.items()
        for minutes in all_minutes
    ]
    yesterday = turnaround("GENERAL|old", "CT", NOON - timedelta(days=1), 999)
    # Reported at nine o'clock: today, and on Mondays before.
    mondays = [
        turnaround(f"GENERAL|week{week}-{number}", "CT", NOON - timedelta(hours=3, weeks=week), 60, step)
        for week, exams in ((0, 3), (1, 4), (2, 2), (6, 9))
        for number in range(exams)
        for step in ("order_to_final",)
    ]
    insert(client, tables.TURNAROUND, [turnaround(EXAM, "US", NOON, 45), yesterday, *rows, *mondays])
    count_hours(client)
    count_days(client, "UTC")


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedBoard]:
    directory = tmp_path_factory.mktemp("dashboard")
    (port,) = allocate_free_ports(1)
    process = start(port, directory / "clickhouse")
    ring = FileKeyRing(key_directory(directory), b"k" * 32)
    url = f"http://127.0.0.1:{port}"
    with connect(url, "radstream", "secret", "radstream") as client:
        fill(client, ring)
    try:
        with served_board(
            clickhouse_url=url,
            key_ring=key_ring(directory),
            explain=effects,
            targets_of=lambda _row: {"report_turnaround": timedelta(minutes=30)},
        ) as served:
            yield served
    finally:
        end(process)


def test_percentiles_are_those_of_the_days_exams_by_modality(board: ServedBoard) -> None:
    answer = board.get("/api/turnaround").json()
    by_modality = {group["modality"]: group for group in answer["modalities"]}
    assert list(by_modality) == ["CT", "MR", "US"]
    assert by_modality["CT"]["exams"] == 5
    seconds = [minutes * 60 for minutes in MINUTES["CT"]]
    for percent in (25, 50, 75, 90, 95):
        assert by_modality["CT"][f"p{percent}_s"] == pytest.approx(np.percentile(seconds, percent))
    assert answer["all"]["exams"] == 7
    assert answer["day"] == "2026-03-09"


def test_each_group_tells_how_many_of_its_exams_kept_the_target(board: ServedBoard) -> None:
    answer = board.get("/api/turnaround").json()
    (ct,) = (cell for cell in answer["cells"] if cell["modality"] == "CT")
    assert (ct["priority"], ct["target_s"], ct["judged"], ct["kept"]) == ("ROUTINE", 1800.0, 5, 3)
    assert [one["priority"] for one in answer["priorities"]] == ["ROUTINE"]
    assert (answer["all"]["judged"], answer["all"]["kept"]) == (7, 3)
    mr = board.get("/api/turnaround", params={"modality": "MR", "site": "GENERAL"}).json()
    assert mr["all"]["exams"] == 1
    assert board.get("/api/turnaround", params={"priority": "STAT"}).json()["all"] is None
    assert board.get("/api/turnaround", params={"priority": "ROUTINE"}).json()["all"]["exams"] == 7


def test_today_stands_beside_the_same_weekday_of_the_weeks_before(board: ServedBoard) -> None:
    answer = board.get("/api/today", params={"interval": "order_to_final"}).json()
    assert (answer["day"], answer["hour"], answer["weeks"]) == ("2026-03-09", 12, 2)
    reported = answer["series"]["reported"]
    assert (reported["today"][9], reported["usual"][9]) == (3, 3.0)
    assert (reported["today_so_far"], reported["usual_so_far"]) == (3, 3.0)
    assert sum(reported["today"]) == 3
    assert answer["took_today"]["exams"] == 3
    assert answer["took_usually"] == {"exams": 6, "p50_s": 3600.0, "p90_s": 3600.0}
    other = board.get("/api/today", params={"modality": "MR"}).json()
    assert other["weeks"] == 0
    assert other["series"]["reported"]["usual"] is None


def test_another_day_has_its_own_figures(board: ServedBoard) -> None:
    answer = board.get("/api/turnaround", params={"day": "2026-03-08"}).json()
    assert answer["all"]["exams"] == 1
    assert answer["all"]["p50_s"] == 999 * 60
    empty = board.get("/api/turnaround", params={"day": "2020-01-01"}).json()
    assert empty["modalities"] == []
    assert empty["all"] is None


def test_a_timeline_is_in_the_order_of_occurrence_and_tells_each_event_once(board: ServedBoard) -> None:
    answer = board.get(f"/api/exams/{quote(EXAM)}/timeline").json()
    assert [event["type"] for event in answer["events"]] == ["OrderPlaced", "AcquisitionStarted"]
    first, second = answer["events"]
    assert first["delay_s"] is None
    assert second["delay_s"] == 12 * 60
    assert first["swim_term"] == "OrderCreated"
    source = {"system": "RIS", "facility": "GENERAL", "protocol": "HL7v2", "message_id": "1"}
    assert first["source"] == source
    assert second["details"]["station_ae_title"] == "CT1"
    assert first["occurred_at"] == "2026-03-09T12:00:00+00:00"


def test_an_exam_that_left_the_board_is_found_with_its_patient_images_and_intervals(
    board: ServedBoard,
) -> None:
    answer = board.get(f"/api/exams/{quote(EXAM)}").json()
    assert answer["found_in"] == "history"
    assert answer["exam"]["patient"] == "Lindqvist, Erik"
    assert answer["exam"]["stage"] == "final"
    assert answer["images"] == {"images": 3, "series": 2, "size_bytes": 3_000}
    assert [(item["interval"], item["seconds"]) for item in answer["intervals"]] == [
        ("report_turnaround", 45 * 60)
    ]


def test_a_timeline_tells_what_each_event_changed_page_by_page(board: ServedBoard) -> None:
    path = f"/api/exams/{quote(EXAM)}/timeline"
    first = board.get(path, params={"limit": 1}).json()
    assert (len(first["events"]), first["total"]) == (1, 2)
    stage = {"field": "stage", "before": None, "after": "ordered"}
    assert stage in first["events"][0]["changes"]
    rest = board.get(path, params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert rest["next_cursor"] is None
    (second,) = rest["events"]
    assert {"field": "stage", "before": "ordered", "after": "in_progress"} in second["changes"]
    assert [one["interval"] for one in second["measured"]] == ["order_to_start"]
    assert (second["lag_s"], second["source"]["message_id"]) == (1, "1")


def test_series_are_paged_and_without_a_store_no_picture_is_made(board: ServedBoard) -> None:
    path = f"/api/exams/{quote(EXAM)}/series"
    first = board.get(path, params={"limit": 1}).json()
    rest = board.get(path, params={"limit": 1, "cursor": first["next_cursor"]}).json()
    assert [one["series_instance_uid"] for one in (*first["series"], *rest["series"])] == ["1.2.0", "1.2.1"]
    assert [one["images"] for one in (*first["series"], *rest["series"])] == [2, 1]
    assert (rest["next_cursor"], rest["shows_pictures"]) == (None, False)
    picture = board.get(f"/api/exams/{quote(EXAM)}/images/1.2.3.0/picture")
    assert (picture.status_code, picture.json()["reason"]) == (422, "no-key-ring")


def test_a_target_stands_beside_its_interval(board: ServedBoard) -> None:
    answer = board.get(f"/api/exams/{quote(EXAM)}").json()
    assert [one["target_s"] for one in answer["intervals"]] == [1800]


@pytest.mark.browser
def test_the_page_of_a_reconciled_exam_leads_to_the_exam_that_has_its_images(board: ServedBoard) -> None:
    with browser() as chromium:
        page = chromium.new_page()
        board.sign_in(page.context)
        page.goto(f"{board.url}/exams/{quote(STUDY_EXAM)}")
        expect(page.locator("#moved")).to_contain_text("were reconciled and belong to")
        expect(page.locator("#facts")).to_contain_text("Reconciled")
        page.locator("#moved").get_by_role("link", name=EXAM).click()
        expect(page.locator("h1")).to_have_text("A00001")
        expect(page.locator("#moved")).to_be_hidden()


def trends(board: ServedBoard, part: str, **asked: str) -> dict[str, Any]:
    answer = board.get(f"/api/turnaround/{part}", params=asked, timeout=30)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_the_figures_of_a_period_are_those_of_its_exams_and_beside_them_those_of_another(
    board: ServedBoard,
) -> None:
    day, before = {"from": "2026-03-09", "to": "2026-03-09"}, "2026-03-08"
    own, compared = trends(board, "summary", **day, compare_from=before, compare_to=before)["rows"]
    assert (own["of"], own["exams"], own["mean_s"]) == ("period", 7, pytest.approx(305 * 60 / 7))
    assert (compared["of"], compared["exams"], compared["p50_s"]) == ("compare", 1, 999 * 60)
    ct = trends(board, "summary", **day, modality="CT")["rows"][0]
    assert ct["p50_s"] == pytest.approx(float(np.percentile(MINUTES["CT"], 50)) * 60, rel=0.1)
    assert trends(board, "summary", **day, site="ELSEWHERE")["rows"][0] | {"p95_s": 1} == {
        **dict.fromkeys(("p25_s", "p50_s", "p75_s", "p90_s", "mean_s")),
        "of": "period",
        "exams": 0,
        "excluded": 0,
        "p95_s": 1,
    }


def test_trend_distribution_heat_map_and_exams_count_each_exam_once(board: ServedBoard) -> None:
    week = {"from": "2026-03-03", "to": "2026-03-09"}
    assert [(row["at"], row["exams"]) for row in trends(board, "trend", **week)["rows"]] == [
        ("2026-03-08T00:00", 1),
        ("2026-03-09T00:00", 7),
    ]
    assert [row["at"] for row in trends(board, "trend", **week | {"from": "2026-03-08"})["rows"]] == [
        "2026-03-08T12:00",
        "2026-03-09T12:00",
    ]
    assert sum(row["exams"] for row in trends(board, "distribution", **week)["rows"]) == 8
    cells = [(row["weekday"], row["hour"], row["exams"]) for row in trends(board, "heatmap", **week)["rows"]]
    assert cells == [(1, 12, 7), (7, 12, 1)]
    seen, cursor = [], ""
    while True:
        page = trends(board, "exams", **week, limit="3", cursor=cursor)
        seen += [row["exam_id"] for row in page["rows"]]
        cursor = page["next_cursor"] or ""
        if not cursor:
            break
    assert (len(seen), len(set(seen)), seen[0]) == (8, 8, "GENERAL|old")


def test_more_than_a_week_is_told_from_days_and_says_the_same(board: ServedBoard) -> None:
    week, month = ({"from": first, "to": "2026-03-09"} for first in ("2026-03-03", "2026-02-09"))
    for part, of_days in (("summary", "day"), ("trend", "day"), ("heatmap", "day"), ("readers", "exam")):
        shorter, longer = (trends(board, part, **asked) for asked in (week, month))
        assert longer["counted_by"] == of_days
        assert shorter["counted_by"] == ("hour" if of_days == "day" else "exam")
        assert [
            {name: value for name, value in row.items() if not name.startswith("p")} for row in longer["rows"]
        ] == [
            {name: value for name, value in row.items() if not name.startswith("p")}
            for row in shorter["rows"]
        ]
    days = trends(board, "trend", **month)["rows"]
    seconds = [60 * minutes for minutes in (*MINUTES["CT"], *MINUTES["MR"], 45)]
    for percent in (25, 50, 75, 90, 95):
        assert days[1][f"p{percent}_s"] == pytest.approx(np.percentile(seconds, percent))
    compared = trends(board, "summary", **week, compare_from="2026-02-01", compare_to="2026-02-28")
    assert compared["counted_by"] == "day"


def test_a_file_has_the_rows_that_are_seen(board: ServedBoard) -> None:
    week = {"from": "2026-03-03", "to": "2026-03-09"}
    for part in ("trend", "exams"):
        rows = trends(board, part, **week)["rows"]
        as_csv = board.get(f"/api/turnaround/{part}.csv", params=week)
        assert as_csv.headers["content-disposition"].endswith(f'{part}-2026-03-03-2026-03-09.csv"')
        read = list(csv.DictReader(io.StringIO(as_csv.text)))
        assert [row["exams" if part == "trend" else "exam_id"] for row in read] == [
            str(row["exams" if part == "trend" else "exam_id"]) for row in rows
        ]
        parquet = board.get(f"/api/turnaround/{part}.parquet", params=week)
        assert pq.read_table(io.BytesIO(parquet.content)).num_rows == len(rows)


def test_what_makes_no_sense_of_a_period_is_told(board: ServedBoard) -> None:
    for asked in (
        {"from": "2026-03-09", "to": "2026-03-01"},
        {"from": "0001-01-01"},
        {"to": "tomorrow"},
        {"interval": "forever"},
        {"compare_from": "2026-03-01"},
    ):
        answer = board.get("/api/turnaround/summary", params=asked)
        assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    for path in ("nothing", "trend.xlsx", "exams.xlsx"):
        assert board.get(f"/api/turnaround/{path}").status_code == 404
    assert board.get("/api/turnaround/exams", params={"cursor": "abc"}).status_code == 400


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_the_pages_are_whole_accessible_and_silent_on_a_desk_and_on_a_phone(
    board: ServedBoard, width: int, scheme: Literal["light", "dark"]
) -> None:
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
        board.sign_in(page.context)
        heard = complaints(page)
        page.goto(f"{board.url}/turnaround?from=2026-03-03&to=2026-03-09&against=before")
        for part in ("trend", "distribution", "heatmap"):
            expect(page.locator(f'[data-part="{part}"] .chart canvas').first).to_be_visible(timeout=30_000)
        expect(page.locator('[data-part="summary"]')).to_contain_text("8")
        expect(page.locator("#meaning")).to_contain_text("ACR GRID")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert accessibility_faults(page) == []
        page.get_by_label("Modality").select_option("MR")
        expect(page.locator('[data-part="summary"] .tile').first).to_contain_text("1")
        expect(page).to_have_url(re.compile("modality=MR"))
        page.goto(f"{board.url}/exams/{quote(EXAM)}")
        expect(page.locator("#events tbody tr")).to_have_count(2, timeout=30_000)
        expect(page.locator("#intervals")).to_contain_text("15\u202fmin over")
        expect(page.locator("#series li")).to_have_count(2)
        expect(page.locator("#events")).to_contain_text("Ordered → In progress")
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert accessibility_faults(page) == []
        page.close()
        assert heard == []


def test_an_exam_that_was_never_heard_of_is_not_found(board: ServedBoard) -> None:
    for path in ("/api/exams/GENERAL|nobody", "/api/exams/GENERAL|nobody/timeline"):
        answer = board.get(path)
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"
    page = board.get("/exams/GENERAL|nobody", headers={"Accept": "text/html"})
    assert page.status_code == 404


def test_an_exam_id_is_a_value_and_never_a_part_of_the_question(board: ServedBoard) -> None:
    hostile = quote("x' OR 1=1 --", safe="")
    assert board.get(f"/api/exams/{hostile}").status_code == 404


def test_clickhouse_may_go_and_come_back_while_the_board_goes_on(tmp_path: Path) -> None:
    (port,) = allocate_free_ports(1)
    process = start(port, tmp_path)
    try:
        url = f"http://127.0.0.1:{port}"
        with connect(url, "radstream", "secret", "radstream") as client:
            migrate(client, "radstream")
        with served_board(clickhouse_url=url) as served:
            ask = "/api/turnaround?day="
            assert served.get(ask + "2026-01-01").status_code == 200
            end(process)
            away = served.get(ask + "2026-01-02", timeout=60)
            assert away.status_code == 503
            began_s = time.monotonic()
            again = served.get(ask + "2026-01-03", timeout=60)
            assert again.json()["unavailable_since"] == away.json()["unavailable_since"]
            assert time.monotonic() - began_s < 30
            assert served.get("/api/board").status_code == 200
            process = start(port, tmp_path)
            deadline_s = time.monotonic() + 60
            while served.get(ask + "2026-01-04", timeout=60).status_code != 200:
                assert time.monotonic() < deadline_s
                time.sleep(0.3)
    finally:
        end(process)


def test_the_board_shows_turnaround_against_targets_and_today_beside_the_weeks_before(
    board: ServedBoard,
) -> None:
    with browser() as launched:
        page = launched.new_page(viewport={"width": 1920, "height": 1080})
        board.sign_in(page.context)
        heard = complaints(page)
        page.goto(board.url)
        ct = page.locator("#tat tbody tr").filter(has_text="CT")
        expect(ct.locator(".kept")).to_have_text(re.compile(r"30\smin ▲ 60\s%"))
        expect(ct.locator(".number").first).to_have_text("5")
        page.get_by_label("Group by").select_option("priority")
        expect(page.locator("#tat tbody tr")).to_have_count(2)
        page.get_by_label("Interval").select_option("order_to_final")
        reported = page.locator(".step-line").filter(has_text="Reported")
        expect(reported.locator(".step-count")).to_have_text("3")
        expect(reported.locator(".step-usual")).to_have_text("usual 3 · +0")
        expect(reported.get_by_role("img")).to_have_attribute(
            "aria-label", "Reported by the hour: 9 to 10: 3"
        )
        expect(page.locator("#today-against")).to_have_text("against the last 2 Mondays")
        expect(page.locator(".took")).to_contain_text(re.compile(r"1\sh\s00 \(usual 1\sh\s00\)"))
        assert accessibility_faults(page) == []
        page.get_by_role("button", name="Wall mode").click()
        expect(page.locator("#tat tbody tr").first).to_be_visible()
        expect(reported).to_be_visible()
        assert heard == []
