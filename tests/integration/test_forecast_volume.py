"""Tomorrow's volume and the backlog: counted by the real engine as without SQL, and on the page."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser, expect

from dashboards.access.roles import Role
from dashboards.volume import sql
from dashboards.volume.hours import HOURS_OF_WEEK, Hours
from dashboards.volume.reading import Rows, counts_of, days_of, modalities_of
from runtime.exam_as_of import folding
from runtime.targets import shipped_targets
from schemas.views import WorklistRow
from sinks.clickhouse import rows as tables
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.migrate import migrate
from tests.browser import accessibility_faults, complaints
from tests.clickhouse_running import DATABASE, PASSWORD, USER, ClickHouse, clickhouse_server
from tests.dashboard_rows import row
from tests.served_board import ServedBoard, served_board

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 4, 6, 9, 20, tzinfo=UTC)  # a week after the clock was moved
WEEKS = 5
PATIENCE_MS = 60_000
HOUR = timedelta(hours=1)


def department() -> list[WorklistRow]:
    """Five weeks, busy by day; steps are missing, some leave, and of the last exams the end is not known."""
    random = Random(5)
    made: list[WorklistRow] = []
    for hour in range(WEEKS * HOURS_OF_WEEK):
        begins = NOW.replace(minute=0) - WEEKS * HOURS_OF_WEEK * HOUR + hour * HOUR
        busy = 5 if 8 <= begins.astimezone(BERLIN).hour < 18 else 1
        for _ in range(random.randrange(busy + 1)):
            made.append(exam(random, len(made), begins + timedelta(minutes=random.randrange(60))))
    return made


def exam(random: Random, number: int, ordered_at: datetime) -> WorklistRow:
    def after(at: datetime, minutes: int) -> datetime:
        return at + timedelta(seconds=random.randrange(60 * minutes))

    def known(at: datetime, missing: float = 0.0) -> datetime | None:
        return at if at <= NOW and random.random() >= missing else None

    scheduled_at = after(ordered_at, 300)
    arrived_at = after(scheduled_at - timedelta(minutes=10), 30)
    started_at = after(arrived_at, 90)
    completed_at = after(started_at, 40)
    dictated_at = after(completed_at, 300)
    preliminary_at = after(dictated_at, 10)
    final_at = after(preliminary_at, 90)
    cancelled = random.random() < 0.05 and ordered_at <= NOW
    fields: dict[str, Any] = {
        "ordered_at": ordered_at,
        "scheduled_at": scheduled_at if random.random() < 0.9 else None,
        "cancelled_at": known(after(ordered_at, 60)) if cancelled else None,
    }
    if not cancelled:
        fields |= {
            "arrived_at": known(arrived_at, 0.05),
            "started_at": known(started_at, 0.05),
            "completed_at": known(completed_at),
            "dictated_at": known(dictated_at, 0.1),
            "preliminary_at": known(preliminary_at, 0.3),
            "final_at": known(final_at, 0.02),
            "station_ae_title": random.choice(["S1", "S2", ""]),
            "reader": random.choice(["a" * 16, "b" * 16]),
        }
    times = [at for at in fields.values() if isinstance(at, datetime) and at <= NOW]
    stage = "reconciled" if number % 50 == 7 else "final"
    return row(
        number,
        stage,
        modality=random.choice(["CT", "CT", "MR", None]),
        site=random.choice(["GENERAL", "NORTH"]),
        **fields,
        last_occurred_at=max(times),
        last_recorded_at=max(times),
    )


DEPARTMENT = [one for one in department() if one.ordered_at is not None and one.ordered_at <= NOW]
COUNTED = [one for one in DEPARTMENT if one.stage != "reconciled"]
STEP_TIMES = {
    "ordered": "ordered_at",
    "arrived": "arrived_at",
    "begun": "started_at",
    "complete": "completed_at",
    "reported": "final_at",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    directory: Path = tmp_path_factory.mktemp("volume")
    with clickhouse_server(directory / "clickhouse") as running:
        client = running.client("default")
        migrate(client, DATABASE)
        placed = [Placed(one, "topic", 0, number) for number, one in enumerate(DEPARTMENT)]
        client.insert_arrow(tables.WORKLIST.name, tables.to_arrow(tables.WORKLIST, placed))
        client.close()
        yield running


@pytest.fixture(scope="module")
def board(server: ClickHouse) -> Iterator[ServedBoard]:
    where = {"clickhouse_url": server.url, "clickhouse_user": USER, "clickhouse_password": PASSWORD}
    now = NOW.astimezone(BERLIN)
    as_of = folding(shipped_targets(), 300.0, 7_305)
    with served_board(now=lambda: now, **where, clickhouse_database=DATABASE, folding=as_of) as served:
        served.load()
        yield served


@pytest.fixture(scope="module")
def analyst(board: ServedBoard) -> Iterator[httpx.Client]:
    with board.client(Role.ANALYST, timeout_s=60, under="/api/forecast") as made:
        yield made


def of_modality(one: WorklistRow) -> str:
    return one.modality or "unknown"


def known_times(one: WorklistRow, *names: str) -> list[datetime]:
    return [at for name in names if (at := getattr(one, name)) is not None]


def waits(one: WorklistRow, queue: str, at: datetime) -> bool:
    """Whether it stood in the queue as the hour `at` began, told by its times alone."""
    ends = {
        "scanner": ("started_at", "completed_at", "cancelled_at"),
        "reading": ("dictated_at", "preliminary_at", "final_at", "cancelled_at"),
        "signature": ("final_at", "cancelled_at"),
    }[queue]
    begins = {
        "scanner": known_times(one, "arrived_at"),
        "reading": known_times(one, "completed_at"),
        "signature": known_times(one, "dictated_at", "preliminary_at"),
    }[queue]
    if not begins or min(begins) >= at:
        return False
    if at - floor(min(begins)) > sql.PATIENCE_H[queue] * HOUR:
        return False
    end = min(known_times(one, *ends), default=None)
    return end is None or end >= at


def floor(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def test_the_engine_counts_as_the_exams_times_say(server: ClickHouse) -> None:
    hours_of_history = (WEEKS + 1) * HOURS_OF_WEEK
    first = floor(NOW) - hours_of_history * HOUR
    hours = Hours(first, hours_of_history + 16 * 24, BERLIN)
    today = NOW.astimezone(BERLIN).date()
    asked = {
        "start": first,
        "zone": "Europe/Berlin",
        "first": today - timedelta(days=60),
        "today": today,
        **dict.fromkeys(("modality", "priority", "patient_class"), ""),
        "site": "NORTH",
    }
    client = server.client()
    texts = (sql.EXAMS, sql.DAYS)
    rows = Rows(*([*client.query(text, parameters=asked).named_results()] for text in texts))
    client.close()
    names = modalities_of(rows)
    assert names == ("all", "CT", "MR", "unknown")
    counts = counts_of(rows, hours, hours_of_history, names)
    assert abs(counts.now - WEEKS * HOURS_OF_WEEK) <= 2  # the hours before the first exam are left out
    exams = [one for one in COUNTED if one.site == "NORTH"]
    for number, name in enumerate(STEP_TIMES.values()):
        truth = Counter(
            (of_modality(one), counts.hours.place(at)) for one in exams for at in known_times(one, name)
        )
        found = {
            (modality, int(place)): int(counts.steps[number, at, place])
            for at, modality in enumerate(names[1:], 1)
            for place in counts.steps[number, at].nonzero()[0]
        }
        assert found == {key: count for key, count in truth.items() if key[1] < counts.now}, name
        assert counts.steps[number, 0].sum() == sum(found.values())
    for number, queue in enumerate(sql.PATIENCE_H):
        for place in (*range(3, counts.now, 53), counts.now):
            at = counts.hours.at(place)
            in_line = Counter(of_modality(one) for one in exams if waits(one, queue, at))
            assert counts.waiting[number, 1:, place].tolist() == [in_line[name] for name in names[1:]], (
                queue,
                at,
            )
            assert counts.waiting[number, 0, place] == in_line.total()
    assert counts.waiting_now[0, 0] == sum(
        bool(known_times(one, "arrived_at"))
        and NOW - known_times(one, "arrived_at")[0] < 12 * HOUR
        and not known_times(one, "started_at", "completed_at", "cancelled_at")
        for one in exams
    )
    for lead in range(4):
        for place in (*range(3, counts.now, 61), counts.now):
            begins = counts.hours.at(place)
            expected = [
                one
                for one in exams
                if one.scheduled_at is not None
                and floor(one.scheduled_at) == begins + lead * HOUR
                and (one.ordered_at or NOW) < begins
                and all(
                    at >= begins
                    for at in known_times(one, "arrived_at", "started_at", "completed_at", "cancelled_at")
                )
            ]
            assert counts.known[lead, 0, place] == len(expected), (lead, begins)
    for place in range(5, counts.now, 71):
        inside = [
            one
            for one in exams
            if counts.hours.place(one.dictated_at or one.preliminary_at or one.final_at or NOW - 900 * HOUR)
            == place
        ]
        assert counts.servers[1, 0, place] == len({one.reader for one in inside})
    days = days_of(rows, (today - timedelta(days=60)).toordinal(), today.toordinal(), names)
    per_day = Counter(
        at.astimezone(BERLIN).date().toordinal() for one in exams for at in known_times(one, "arrived_at")
    )
    assert days.totals[1, 0].tolist() == [per_day[days.first + n] for n in range(days.totals.shape[-1])]
    assert days.totals.shape[-1] == WEEKS * 7 - 1  # neither today nor the first, which is not whole


def test_the_forecast_tells_each_hour_and_day_with_its_range_and_the_baseline(analyst: httpx.Client) -> None:
    told = analyst.get("/volume", params={"step": "arrived"}).raise_for_status().json()
    assert told["hour_at"] == "2026-04-06T09:00:00+00:00"
    assert told["modalities"] == ["all", "CT", "MR", "unknown"]
    assert told["is_synthetic"] is False
    assert any("holidays and seasons are not foreseen" in words for words in told["words"])
    assert any("Only 5 weeks" in words for words in told["words"])
    by_hour = [one for one in told["rows"] if one["by"] == "hour" and one["modality"] == "all"]
    by_day = [one for one in told["rows"] if one["by"] == "day" and one["modality"] == "all"]
    assert (len(by_hour), len(by_day)) == (24, 15)
    for one in told["rows"]:
        assert 0 <= one["p10"] <= one["p50"] <= one["p90"]
        assert one["expected"] >= 0
        assert one["naive_p10"] <= one["naive_p50"] <= one["naive_p90"]
    # Busy by the clock on the wall, which was moved a week ago; patients come some hours after their orders.
    at_night = [one["expected"] for one in by_hour if "T02" <= one["local"][10:13] <= "T07"]
    by_daylight = [one["expected"] for one in by_hour if "T12" <= one["local"][10:13] <= "T18"]
    assert sum(by_daylight) / len(by_daylight) > 2 * sum(at_night) / len(at_night)
    today = by_day[0]
    so_far = sum(
        one.arrived_at is not None
        and one.arrived_at.astimezone(BERLIN).date() == NOW.date()
        and one.arrived_at < floor(NOW)
        for one in COUNTED
    )
    assert today["so_far"] == so_far <= today["p10"]
    open_appointments = sum(
        one.scheduled_at is not None
        and one.scheduled_at >= floor(NOW)
        and not known_times(one, "arrived_at", "started_at", "completed_at", "cancelled_at")
        for one in COUNTED
    )
    assert sum(one["appointed"] for one in by_hour) == open_appointments > 0
    assert len(told["history"]["arrived"]["hour"]["local"]) == 72
    assert (
        analyst.get("/volume", params={"step": "arrived"}, headers={"If-None-Match": '"x"'}).status_code
        == 200
    )


def test_its_record_of_the_last_two_weeks_stands_beside_it(analyst: httpx.Client) -> None:
    told = analyst.get("/volume/record").raise_for_status().json()
    rows = {one["what"]: one for one in told["rows"]}
    assert set(rows) == {*STEP_TIMES, *sql.PATIENCE_H}
    assert rows["arrived"]["hours"] == 14 * 24  # one each 25 hours
    assert all(0.6 < rows[step]["within"] <= 1 for step in STEP_TIMES)
    assert all(rows[step]["loss"] < 1.1 * rows[step]["naive_loss"] for step in STEP_TIMES)
    assert all(rows[queue]["loss"] > 0 < rows[queue]["naive_loss"] for queue in sql.PATIENCE_H)


def test_of_an_instant_of_the_past_only_what_had_come_by_then_is_counted(analyst: httpx.Client) -> None:
    asked = {"as_of": "2026-04-02T10:30:00+02:00", "step": "arrived"}
    told = analyst.get("/volume", params=asked).raise_for_status().json()
    assert told["as_of"]["meaning"] == "what we knew then"
    assert told["hour_at"] == "2026-04-02T08:00:00+00:00"
    assert told["history"]["arrived"]["hour"]["local"][-1] == "2026-04-02T09:00"
    first = next(one for one in told["rows"] if one["by"] == "hour")
    assert first["local"] == "2026-04-02T10:00"
    assert analyst.get("/backlog", params=asked).raise_for_status().json()["queues"]


def test_filters_steps_and_files(analyst: httpx.Client) -> None:
    every = analyst.get("/volume").raise_for_status().json()
    assert {one["step"] for one in every["rows"]} == set(STEP_TIMES)
    north = analyst.get("/volume", params={"site": "NORTH", "modality": "CT"}).raise_for_status().json()
    assert north["filters"] == {"site": "NORTH", "modality": "CT"}
    assert north["modalities"] == ["all", "CT"]
    file = analyst.get("/volume.csv", params={"step": "reported"}).raise_for_status()
    lines = list(csv.DictReader(io.StringIO(file.text)))
    assert len(lines) == 4 * (24 + 15)
    assert {line["step"] for line in lines} == {"reported"}


def test_without_history_it_is_said_what_is_missing(analyst: httpx.Client) -> None:
    told = analyst.get("/volume", params={"site": "NOWHERE"}).raise_for_status().json()
    assert told["rows"] == []
    assert "needs 2 whole weeks of events: 14 more days are missing" in told["words"][0]


@pytest.mark.parametrize("path", ["/volume?step=eaten", "/volume?as_of=yesterday"])
def test_a_bad_question_is_refused_with_what_is_wrong(analyst: httpx.Client, path: str) -> None:
    refused = analyst.get(path)
    assert refused.status_code == 400
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["detail"]


def test_the_backlog_tells_who_waits_and_when_that_clears_with_one_reader_more(analyst: httpx.Client) -> None:
    told = analyst.get("/backlog", params={"readers": "+2", "scanners": "CT+1"}).raise_for_status().json()
    queues = {(one["queue"], one["modality"]): one for one in told["queues"]}
    assert set(queues) == {
        ("reading", "all"),
        ("signature", "all"),
        *(("scanner", name) for name in ("CT", "MR", "unknown")),
    }
    open_reads = [
        one
        for one in COUNTED
        if known_times(one, "completed_at")
        and not known_times(one, "dictated_at", "preliminary_at", "final_at", "cancelled_at")
        and NOW - (one.completed_at or NOW) < 168 * HOUR
    ]
    reading = queues["reading", "all"]
    assert reading["waiting"] == len(open_reads) > 0
    assert reading["by_modality"] == {
        name: sum(of_modality(one) == name for one in open_reads) for name in ("CT", "MR", "unknown")
    }
    assert "changed" in reading
    assert "changed" in queues["scanner", "CT"]
    assert "changed" not in queues["signature", "all"]
    rows = [one for one in told["rows"] if one["queue"] == "reading"]
    assert len(rows) == 24
    assert all(one["p10"] <= one["p50"] <= one["p90"] for one in rows)
    assert all(one["changed_p50"] <= one["p50"] for one in rows)
    assert rows[0]["at"] == "2026-04-06T10:00:00+00:00"
    assert len(told["assumptions"]) == 6
    file = analyst.get("/backlog.csv", params={"readers": "-1"}).raise_for_status()
    assert len(list(csv.DictReader(io.StringIO(file.text)))) == 5 * 24


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"readers": "many"}, "readers is how many more or fewer"),
        ({"scanners": "CT"}, "scanners is a list of modality and number"),
        ({"scanners": "PT+1"}, "no exam of PT is known; there are CT, MR, unknown"),
    ],
)
def test_staffing_that_makes_no_sense_is_refused(
    analyst: httpx.Client, asked: dict[str, str], why: str
) -> None:
    refused = analyst.get("/backlog", params=asked)
    assert refused.status_code == 400
    assert why in refused.json()["detail"]


def test_the_backlog_of_a_site_without_history_says_what_is_missing(analyst: httpx.Client) -> None:
    told = analyst.get("/backlog", params={"site": "NOWHERE"}).raise_for_status().json()
    assert told["queues"] == []
    assert "more days are missing" in told["words"][0]


def test_the_page_shows_fans_of_tomorrow_and_of_each_queue_and_answers_to_other_staffing(
    board: ServedBoard, chromium: Browser
) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    board.sign_in(context, Role.ANALYST)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    said = complaints(page)
    page.goto(f"{board.url}/forecast")
    expect(page.locator("#forecast-volume .chart canvas")).not_to_have_count(0, timeout=PATIENCE_MS)
    expect(page.locator("#forecast-volume .fan")).to_have_count(3, timeout=PATIENCE_MS)
    expect(page.get_by_role("row", name="Waiting for a reader")).to_contain_text("%", timeout=PATIENCE_MS)
    page.get_by_role("combobox", name="What is counted").select_option("reported")
    expect(page.get_by_role("img", name="Final reports by the hour")).to_be_visible(timeout=PATIENCE_MS)
    reading = page.locator(".queue[data-queue=reading]")
    expect(reading.locator(".says").first).to_contain_text("lear", timeout=PATIENCE_MS)
    page.get_by_role("combobox", name="Readers").select_option("+1")
    expect(reading).to_contain_text("With the change:", timeout=PATIENCE_MS)
    page.get_by_role("combobox", name="Scanners").select_option("CT+1")
    expect(page.locator(".queue[data-modality=CT]")).to_contain_text("With the change:", timeout=PATIENCE_MS)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not accessibility_faults(page)
    assert not said
    context.close()
