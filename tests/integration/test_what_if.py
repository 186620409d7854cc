"""History judged by other targets: on the real engine, by the rule that the alerts follow; and its page."""

from __future__ import annotations

import csv
import io
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.access.roles import Role
from processors.alerts.known_exam import known_exam
from processors.alerts.targets import fits
from processors.alerts.targets_file import parse_targets
from runtime.exam_targets import TargetsInFile
from runtime.staffing import StaffingModel
from runtime.what_if import targets_desk
from schemas.parts import Interval, Target
from schemas.views import TurnaroundRow, WorklistRow
from sinks.clickhouse import rows as tables
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.migrate import migrate
from tests.browser import accessibility_faults, complaints
from tests.clickhouse_running import DATABASE, PASSWORD, USER, clickhouse_server
from tests.dashboard_rows import NOON, row
from tests.served_board import ServedBoard, served_board

NOW = """
[[target]]
interval = "report_turnaround"
priority = "STAT"
due_min = 60

[[target]]
interval = "report_turnaround"
due_min = 240

[[target]]
interval = "arrival_to_start"
due_min = 45
"""
THEN = """
[[target]]
interval = "report_turnaround"
modality = "CT"
priority = ["STAT", "ASAP"]
due_min = 30

[[target]]
interval = "report_turnaround"
patient_class = "E"
due_min = 300

[[target]]
interval = "report_turnaround"
due_min = 120
"""


def exams(count: int) -> list[TurnaroundRow]:
    """Of the week before noon, as a department might have had them; some end on the very second."""
    random = Random(7)
    made = []
    for number in range(count):
        end_at = NOON - timedelta(minutes=random.randrange(60 * 24 * 7))
        took = {"report_turnaround": random.choice([30, 60, 120, 240, random.randrange(400)])}
        if number % 3 == 0:
            took["arrival_to_start"] = random.randrange(90)
        made.append(
            TurnaroundRow(
                exam_id=f"GENERAL|W{number:05}",
                site=random.choice(["GENERAL", "NORTH"]),
                modality=random.choice(["CT", "MR", None]),
                priority=random.choice(["STAT", "ASAP", "ROUTINE", None]),
                patient_class=random.choice(["E", "I", None]),
                intervals=tuple(
                    Interval(
                        name=name,
                        start_at=end_at - timedelta(minutes=minutes),
                        end_at=end_at,
                        seconds=minutes * 60.0,
                    )
                    for name, minutes in took.items()
                ),
                event_count=1,
                last_recorded_at=end_at,
            )
        )
    return made


HISTORY = exams(400)


def department() -> list[WorklistRow]:
    """A day of one CT and one reader, both short: each exam waits for the one before."""
    made = []
    begins_at = NOON - timedelta(hours=4)
    for number in range(40):
        arrived_at = begins_at + timedelta(minutes=5 * number)
        started_at = begins_at + timedelta(minutes=10 * number + 3)
        completed_at = started_at + timedelta(minutes=8)
        dictated_at = begins_at + timedelta(minutes=12 * number + 20)
        made.append(
            row(
                number + 500,
                "final",
                modality="CT",
                priority="ROUTINE",
                station_ae_title="CT1",
                reader="r" * 16,
                arrived_at=arrived_at,
                started_at=started_at,
                completed_at=completed_at,
                stored_at=completed_at + timedelta(seconds=30),
                dictated_at=dictated_at,
                final_at=dictated_at + timedelta(minutes=2),
            )
        )
    return made


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Any]]:
    """What a dashboard is told of an engine that has the history, and of the targets."""
    directory: Path = tmp_path_factory.mktemp("what-if")
    file = directory / "targets.toml"
    file.write_text(NOW)
    with clickhouse_server(directory / "clickhouse") as server:
        client = server.client("default")
        migrate(client, DATABASE)
        for number, found in enumerate(HISTORY):
            placed = [Placed(found, "topic", 0, number)]
            client.insert_arrow(tables.TURNAROUND.name, tables.to_arrow(tables.TURNAROUND, placed))
        came = [Placed(one, "topic", 0, number) for number, one in enumerate(department())]
        client.insert_arrow(tables.WORKLIST.name, tables.to_arrow(tables.WORKLIST, came))
        client.close()
        where = {"clickhouse_url": server.url, "clickhouse_user": USER, "clickhouse_password": PASSWORD}
        in_file = TargetsInFile(file)
        more = {"targets_desk": targets_desk(in_file), "staffing": StaffingModel(in_file.targets)}
        yield {**where, "clickhouse_database": DATABASE, **more}


@pytest.fixture(scope="module")
def board(there: Mapping[str, Any]) -> Iterator[ServedBoard]:
    with served_board(**there) as served:
        yield served


@pytest.fixture(scope="module")
def analyst(board: ServedBoard) -> Iterator[httpx.Client]:
    with board.client(Role.ANALYST, timeout_s=60) as made:
        yield made


@dataclass(frozen=True)
class Seen:
    """One interval of one exam, and how late it was on both sides; None: no target."""

    exam: TurnaroundRow
    interval: Interval
    late_s: tuple[float | None, float | None]

    def is_late(self, side: int) -> bool:
        late_s = self.late_s[side]
        return late_s is not None and late_s > 0


def judged(found: TurnaroundRow, interval: Interval, targets: Sequence[Target]) -> float | None:
    """As the alerts choose: the first target that fits."""
    same = {name: getattr(found, name) for name in ("site", "modality", "priority", "patient_class")}
    exam = known_exam(row(1, **same), 0)
    for target in targets:
        if target.interval == interval.name and fits(target, exam):
            return (interval.seconds or 0) - target.due_s
    return None


def seen() -> list[Seen]:
    sides = (parse_targets(NOW), parse_targets(THEN))
    first = NOON.replace(hour=0) - timedelta(days=6)
    return [
        Seen(found, one, (judged(found, one, sides[0]), judged(found, one, sides[1])))
        for found in HISTORY
        for one in found.intervals
        if one.end_at >= first
    ]


def figures(members: list[Seen]) -> dict[str, Any]:
    told: dict[str, Any] = {"exams": len(members)}
    for side, name in enumerate(("now", "then")):
        late = [one.late_s[side] or 0 for one in members if one.is_late(side)]
        told[f"{name}_judged"] = sum(one.late_s[side] is not None for one in members)
        told[f"{name}_late"] = len(late)
        told[f"{name}_median_late_s"] = statistics.median(late) if late else None
    told["newly_late"] = sum(one.is_late(1) and not one.is_late(0) for one in members)
    told["no_longer_late"] = sum(one.is_late(0) and not one.is_late(1) for one in members)
    return told


KEYS: dict[str, Callable[[Seen], str | None]] = {
    "all": lambda _: None,
    "interval": lambda one: one.interval.name,
    "modality": lambda one: one.exam.modality or "",
    "priority": lambda one: one.exam.priority or "ROUTINE",
    "hour": lambda one: str(one.interval.end_at.hour),
}


def asked(analyst: httpx.Client, path: str = "", **sent: str) -> Any:
    answer = analyst.post(f"/api/what-if{path}", json={"targets": THEN, **sent})
    assert answer.status_code == httpx.codes.OK, answer.text
    return answer.json()


def test_both_sides_are_what_the_rule_of_the_alerts_says_of_every_group(analyst: httpx.Client) -> None:
    rows = asked(analyst)["rows"]
    for by, key in KEYS.items():
        found = {line["value"]: line for line in rows if line["by"] == by}
        groups: dict[str | None, list[Seen]] = {}
        for one in seen():
            groups.setdefault(key(one), []).append(one)
        assert set(found) == set(groups)
        for value, members in groups.items():
            wanted = figures(members)
            assert {name: found[value][name] for name in wanted} == wanted, (by, value)
    (whole,) = (line for line in rows if line["by"] == "all")
    assert whole["then_late_share"] == pytest.approx(whole["then_late"] / whole["then_judged"])


def test_hours_are_the_departments_own_on_both_sides_of_a_clock_change(there: Mapping[str, Any]) -> None:
    zone = ZoneInfo("America/New_York")  # its clocks went on an hour on the day before noon
    first = datetime.combine(NOON.astimezone(zone).date() - timedelta(days=6), time.min, zone)
    wanted = Counter(
        str(one.end_at.astimezone(zone).hour)
        for found in HISTORY
        for one in found.intervals
        if one.end_at >= first
    )
    with (
        served_board(**there, now=lambda: NOON.astimezone(zone)) as served,
        served.client(Role.ANALYST, timeout_s=60) as analyst,
    ):
        rows = asked(analyst)["rows"]
    assert {line["value"]: line["exams"] for line in rows if line["by"] == "hour"} == wanted


def test_every_exam_that_changes_sides_is_listed_once_page_by_page(analyst: httpx.Client) -> None:
    wanted = {
        (one.exam.exam_id, one.interval.name, "late" if one.is_late(1) else "in time")
        for one in seen()
        if one.is_late(0) != one.is_late(1)
    }
    found: list[tuple[str, str, str]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = asked(analyst, f"/exams?limit=7&cursor={cursor}")
        found += [(line["exam_id"], line["interval"], line["then"]) for line in page["rows"]]
        cursor = page["next_cursor"]
    assert len(found) == len(set(found))
    assert set(found) == wanted
    sent = analyst.post("/api/what-if/exams.csv", json={"targets": THEN})
    assert len(list(csv.DictReader(io.StringIO(sent.text)))) == len(wanted)


def test_the_same_targets_change_nothing_and_filters_choose(analyst: httpx.Client) -> None:
    same = asked(analyst, targets=NOW)
    assert all(line["newly_late"] == line["no_longer_late"] == 0 for line in same["rows"])
    assert asked(analyst, "/exams", targets=NOW)["rows"] == []
    only = asked(analyst, modality="CT", priority="STAT", interval="report_turnaround")["rows"]
    assert {(line["by"], line["value"]) for line in only if line["by"] != "hour"} == {
        ("all", None),
        ("interval", "report_turnaround"),
        ("modality", "CT"),
        ("priority", "STAT"),
    }
    nothing = asked(analyst, targets="target = []")["rows"]
    assert (nothing[0]["then_judged"], nothing[0]["then_late_share"]) == (0, None)


def test_what_cannot_be_asked_is_told_where_it_is_wrong(analyst: httpx.Client) -> None:
    wrong = {"targets": '[[target]]\ninterval = "lunch"\ndue_min = 60\n'}
    for path in ("/api/what-if", "/api/what-if/exams", "/api/what-if.csv", "/api/what-if/targets"):
        answer = analyst.post(path, json=wrong)
        assert answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY
        assert answer.headers["content-type"] == "application/problem+json"
        assert "target 1: interval is one of" in answer.json()["detail"]
    assert analyst.post("/api/what-if", json={"targets": NOW, "from": "soon"}).status_code == 422
    assert analyst.post("/api/what-if", json={}).status_code == 422
    assert analyst.post("/api/what-if.exe", json={"targets": NOW}).status_code == 404
    told = analyst.get("/api/what-if/targets").json()
    assert [one["due_min"] for one in told["targets"]] == [60, 240, 45]
    assert analyst.post("/api/what-if/targets", json={"targets": NOW}).json()["targets"] == told["targets"]


def test_other_staffing_is_modelled_beside_what_was_measured(analyst: httpx.Client) -> None:
    asked_of = {"readers": "+1", "hours": "0-24", "scanners": "CT+1"}
    answer = analyst.post("/api/what-if/staffing", json=asked_of)
    assert answer.status_code == httpx.codes.OK, answer.text
    told = answer.json()
    assert (told["exams"], told["modelled"]) == (40, 40)
    assert told["scanners"] == {"present": {"CT": 1}, "changed": {"CT": 2}}
    waits = next(one for one in told["rows"] if one["interval"] == "arrival_to_start")
    assert waits["present_p50_s"] == pytest.approx(waits["measured_p50_s"], rel=0.25)
    assert waits["changed_p50_s"] < 0.5 * waits["present_p50_s"]
    assert waits["changed_late_share"] < waits["measured_late_share"]
    for wrong in ({"readers": "many"}, {"readers": "+1", "scanners": "PT+1"}, {"readers": "-9"}):
        refused = analyst.post("/api/what-if/staffing", json=wrong)
        assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY, refused.text


@pytest.fixture
def page(board: ServedBoard, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = request.param
    opened = chromium.new_page(viewport={"width": width, "height": height})
    board.sign_in(opened.context, Role.ANALYST)
    heard = complaints(opened)
    opened.goto(f"{board.url}/what-if")
    yield opened
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert accessibility_faults(opened) == []
    # Chromium itself tells of the target that was refused on purpose.
    assert [said for said in heard if "status of 422" not in said] == []
    opened.close()


@pytest.mark.browser
@pytest.mark.parametrize("page", [(1440, 900), (390, 844)], indirect=True)
def test_a_lead_tightens_a_target_and_sees_who_would_have_been_late(page: Page, tmp_path: Path) -> None:
    lines = page.locator("#targets .target")
    expect(lines).to_have_count(3, timeout=30_000)
    whole = page.locator("#summary")
    expect(whole).to_contain_text("no other exams late", timeout=30_000)
    routine = lines.nth(1)
    routine.get_by_label("Minutes").fill("120")
    expect(whole).to_contain_text("newly late", timeout=30_000)
    expect(page.locator("#changed tr").first).to_contain_text("report", ignore_case=True, timeout=30_000)
    expect(page.locator("#by-modality canvas, #by-modality .bk-Figure")).not_to_have_count(0, timeout=30_000)
    # A mistake is told beside the targets, and what stood before stays.
    routine.get_by_label("Minutes").fill("0")
    expect(page.locator("#mistake")).to_contain_text("due_min", timeout=30_000)
    page.get_by_role("button", name="As in force now").click()
    expect(whole).to_contain_text("no other exams late", timeout=30_000)
    page.get_by_label("From a TOML file").set_input_files(
        {"name": "targets.toml", "mimeType": "application/toml", "buffer": THEN.encode()}
    )
    expect(lines).to_have_count(4, timeout=30_000)
    expect(whole).to_contain_text("newly late", timeout=30_000)
    with page.expect_download() as download:
        page.get_by_role("button", name="Exams that change, as CSV").click()
    target = tmp_path / "changed.csv"
    download.value.save_as(target)
    assert target.read_text().startswith("exam_id,")
    page.get_by_label("Scanners, more or fewer").fill("CT+1")
    page.get_by_role("button", name="Model it").click()
    expect(page.locator("#staffing-answer")).to_contain_text("40 of 40 exams", timeout=60_000)
    expect(page.locator("#staffing-answer tbody tr")).to_have_count(4)
