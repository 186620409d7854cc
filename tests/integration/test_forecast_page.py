"""The track record of forecasts on the real engine, beside the same figures without SQL; and its page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from dashboards.access.roles import Role
from dashboards.forecast.held_out import HeldOut, NoModel
from runtime.exam_targets import TargetsInFile
from runtime.what_if import targets_desk
from schemas.forecast_record import LEAD_FROM_MIN
from schemas.identity import event_id
from schemas.parts import Target
from schemas.views import AlertRow, PredictionRow
from sinks.clickhouse import rows as tables
from sinks.clickhouse.client import connect
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.migrate import migrate
from tests.browser import accessibility_faults, complaints
from tests.clickhouse_running import DATABASE, PASSWORD, USER, clickhouse_server
from tests.dashboard_rows import NOON, alert
from tests.forecast_history import LEVELS, Story, stories
from tests.served_board import ServedBoard, served_board

BEFORE = {"started": "arrived", "study_stored": "started", "preliminary": "study_stored"}
HISTORY = stories()
HELD_OUT = HeldOut(
    version="20260301T000000Z-0badcafe",
    made_at=datetime(2026, 3, 1, tzinfo=UTC),
    why_in_use="no model was in use",
    data_from=datetime(2025, 3, 1, tzinfo=UTC),
    data_until=datetime(2026, 2, 28, tzinfo=UTC),
    exams=150_000,
    without_model={"preliminary": "12 examples before the calibration weeks, 2000 are needed"},
    first_day=datetime(2026, 2, 12, tzinfo=UTC).date(),
    last_day=datetime(2026, 2, 25, tzinfo=UTC).date(),
    days=[
        {
            "milestone": "final",
            "modality": "CT",
            "priority": "STAT",
            "day": f"2026-02-{day}",
            "forecasts": 400,
            "by_baseline": 0,
            "inside_80": 322,
            "judged_90": 400,
            "inside_90": 361,
            "scored": 400,
            "loss_min": 4000.0,
            "baseline_loss_min": 5200.0,
            "error_min": 9000.0,
            "baseline_error_min": 11_000.0,
        }
        for day in range(12, 26)
    ],
    tenths=[
        {
            "milestone": "final",
            "modality": "CT",
            "priority": "STAT",
            "tenth": tenth,
            "forecasts": 300,
            "said": 30.0 * tenth + 15,
            "happened": 30 * tenth + 12,
            "scored": 300,
            "squared": 40.0,
            "baseline_squared": 55.0,
        }
        for tenth in range(10)
    ],
    warnings=[
        {
            "milestone": milestone,
            "threshold": step / 20,
            "intervals": 900,
            "breaches": 200,
            "warned": 600 - 30 * step,
            "came_true": 200 - 10 * step if step < 19 else 0,
            "lead_p10_min": None if step == 19 else 4.0,
            "lead_p50_min": None if step == 19 else 22.5,
            "lead_p90_min": None if step == 19 else 51.0,
            "leads": [0] * len(LEAD_FROM_MIN),
        }
        for milestone in ("", "final")
        for step in range(1, 20)
    ],
)


def _warned(probability: float) -> Target:
    return Target(
        interval="report_turnaround",
        due_s=3600,
        warn_before_s=600,
        warn_probability=probability,
        warn_by="any",
    )


def _raised() -> list[AlertRow]:
    """Three warnings that came true, two that did not, a breach of which nobody was warned, and others."""

    def one(state: str, days_ago: float, before_min: float | None, **fields: Any) -> AlertRow:
        due_at = NOON - timedelta(days=days_ago)
        known: dict[str, Any] = {"alert_id": event_id("alert", state, str(days_ago), str(before_min))}
        if before_min is not None:
            known |= {"warned_at": due_at - timedelta(minutes=before_min), "warned_by": "m1"}
            known["warned_before_s"] = round(before_min * 60)
        return alert(1, state, due_at, **known | fields)

    return [
        one("resolved", 1, 38, warning_came_true=True),
        one("breached", 0.1, 10, warning_came_true=True),
        one("resolved", 29, 60, warning_came_true=True, warned_by="clock"),
        one("met", 2, 30, warning_came_true=False),
        one("resolved", 3, 45, warning_came_true=False, taken_back_at=NOON),
        one("resolved", 4, None),
        one("met", 5, 30, closed_by="cancelled"),
        one("withdrawn", 6, 30),
        one("resolved", 31, 90, warning_came_true=True),
        one("warned", -1, 90),
    ]


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedBoard]:
    directory: Path = tmp_path_factory.mktemp("forecast")
    with clickhouse_server(directory / "clickhouse") as server:
        client = server.client("default")
        migrate(client, DATABASE)
        exams = [Placed(one.exam, "topic", 0, number) for number, one in enumerate(HISTORY)]
        made = [forecast for one in HISTORY for forecast in one.forecasts]
        forecasts = [Placed(one, "topic", 0, number) for number, one in enumerate(made)]
        client.insert_arrow(tables.WORKLIST.name, tables.to_arrow(tables.WORKLIST, exams))
        # Half of them came twice.
        for some in (forecasts, forecasts[: len(forecasts) // 2]):
            client.insert_arrow("predictions", tables.to_arrow(tables.PREDICTIONS, some))
        raised = [Placed(one, "topic", 0, number) for number, one in enumerate(_raised())]
        client.insert_arrow("alerts", tables.to_arrow(tables.ALERTS, raised))
        client.close()
        where = {"clickhouse_url": server.url, "clickhouse_user": USER, "clickhouse_password": PASSWORD}
        targets = replace(
            targets_desk(TargetsInFile(directory / "none")), in_force=lambda: [_warned(0.6), _warned(0.8)]
        )
        with served_board(
            **where, clickhouse_database=DATABASE, held_out=lambda: HELD_OUT, targets_desk=targets
        ) as served:
            served.load()
            yield served


@pytest.fixture(scope="module")
def analyst(board: ServedBoard) -> Iterator[httpx.Client]:
    with board.client(Role.ANALYST, timeout_s=60, under="/api/forecast") as made:
        yield made


def judged(story: Story, milestone: str) -> tuple[PredictionRow, datetime] | None:
    """The first forecast after the step before, and when the milestone came."""
    came_at = story.at(milestone)
    before = story.at(BEFORE.get(milestone, "preliminary"))
    if milestone == "final" and before is None:
        before = story.at("study_stored")
    if came_at is None or story.exam.stage == "cancelled":
        return None
    after = [
        one
        for one in story.forecasts
        if one.milestone == milestone and (before is None or one.made_at >= before)
    ]
    return (min(after, key=lambda one: one.made_at), came_at) if after else None


def loss(minutes: tuple[float, ...], took_min: float) -> float:
    return sum(
        max(level * (took_min - said), (level - 1) * (took_min - said))
        for level, said in zip(LEVELS, minutes, strict=True)
    ) / len(LEVELS)


def expected(milestones: tuple[str, ...], days: int, **fields: Any) -> dict[str, Any]:
    first = NOON.replace(hour=0) - timedelta(days=days - 1)
    count = inside = whole = inside_90 = 0
    ours: list[float] = []
    plain: list[float] = []
    squared: list[float] = []
    for story in HISTORY:
        if any((getattr(story.exam, name) or "ROUTINE") != value for name, value in fields.items()):
            continue
        for milestone in milestones:
            found = judged(story, milestone)
            if found is None or found[1] < first:
                continue
            said, came_at = found
            end_at = max(came_at, said.made_at)
            count += 1
            inside += said.p10_at <= end_at <= said.p90_at
            if said.p05_at is not None and said.p95_at is not None:
                whole += 1
                inside_90 += said.p05_at <= end_at <= said.p95_at
            if said.baseline_min is not None:
                took_min = (end_at - said.made_at) / timedelta(minutes=1)
                plain.append(loss(said.baseline_min, took_min))
                ours.append(loss(tuple(one / 1.4 for one in said.baseline_min), took_min))
            if said.breach_probability is not None and said.due_at and said.baseline_probability is not None:
                squared.append((said.breach_probability - (end_at > said.due_at)) ** 2)
    return {
        "forecasts": count,
        "coverage_80": inside / count,
        "coverage_90": inside_90 / whole,
        "pinball_min": sum(ours) / len(ours),
        "pinball_min_baseline": sum(plain) / len(plain),
        "brier": sum(squared) / len(squared) if squared else None,
    }


def same(found: dict[str, Any], wanted: dict[str, Any]) -> None:
    assert found["forecasts"] == wanted["forecasts"] > 20
    for name in ("coverage_80", "coverage_90"):
        assert found[name]["share"] == pytest.approx(wanted[name])
        assert found[name]["low"] < found[name]["share"] < found[name]["high"]
    for name in ("pinball_min", "pinball_min_baseline", "brier"):
        assert found[name] == (None if wanted[name] is None else pytest.approx(wanted[name], rel=1e-4)), name


def asked(analyst: httpx.Client, path: str, **parameters: Any) -> Any:
    answer = analyst.get(path, params=parameters)
    assert answer.status_code == httpx.codes.OK, answer.text
    assert "NaN" not in answer.text
    return answer.json()


ALL = ("started", "study_stored", "preliminary", "final")


@pytest.mark.parametrize("days", [7, 30])
def test_the_live_record_is_what_became_of_one_forecast_of_each_exam_and_milestone(
    analyst: httpx.Client, days: int
) -> None:
    told = asked(analyst, "/record", days=days)
    same(told["live"]["all"], expected(ALL, days))
    (final,) = (one for one in told["live"]["groups"] if one.get("milestone") == "final")
    same(final, expected(("final",), days))
    (group,) = (
        one for one in told["live"]["groups"] if one.get("modality") == "CT" and one["priority"] == "ROUTINE"
    )
    same(group, expected(ALL, days, modality="CT", priority="ROUTINE"))
    only = asked(analyst, "/record", days=days, milestone="final", modality="MR")["live"]
    same(only["all"], expected(("final",), days, modality="MR"))
    assert sum(one["forecasts"] for one in only["by_day"]) == only["all"]["forecasts"]
    assert sum(one["forecasts"] for one in only["reliability"]) == only["all"]["judged_breaches"]
    assert all(0 <= one["low"] <= one["share"] <= one["high"] <= 1 for one in only["reliability"])


def test_a_warning_is_the_first_forecast_over_the_threshold_before_the_breach(analyst: httpx.Client) -> None:
    told = asked(analyst, "/warnings")
    first = NOON.replace(hour=0) - timedelta(days=29)
    for line in told["live"]:
        intervals = warned = breaches = 0
        leads: list[float] = []
        for story in HISTORY:
            said = [one for one in story.forecasts if one.due_at is not None]
            ended_at = story.at("final")
            if not said or story.exam.stage == "cancelled":
                continue
            due_at = said[0].due_at
            assert due_at is not None
            if not first <= due_at < NOON:
                continue
            over = [
                one.made_at
                for one in said
                if (one.breach_probability or 0) >= line["threshold"]
                and one.made_at < min(due_at, ended_at or due_at)
            ]
            is_late = ended_at is None or ended_at > due_at
            intervals, breaches, warned = intervals + 1, breaches + is_late, warned + bool(over)
            if is_late and over:
                leads.append((due_at - min(over)) / timedelta(minutes=1))
        assert (line["intervals"], line["breaches"], line["warned"]) == (intervals, breaches, warned)
        assert line["came_true"] == len(leads) == sum(one["breaches"] for one in line["leads"])
        assert line["lead_p50_min"] == pytest.approx(median(leads))
        assert line["lead_p90_min"] == pytest.approx(quantiles(leads, n=10, method="inclusive")[8])
        assert line["precision"]["share"] == pytest.approx(len(leads) / warned)
    assert [line["threshold"] for line in told["live"]] == [line["threshold"] for line in told["held_out"]]
    # Held-out days are counted by milestone only.
    narrow = asked(analyst, "/warnings", modality="NM")
    assert narrow["live"] == narrow["held_out"] == []
    assert {line["intervals"] for line in asked(analyst, "/warnings", milestone="final")["held_out"]} == {900}


def test_what_cannot_be_asked_is_refused_and_the_record_tells_only_of_now(analyst: httpx.Client) -> None:
    for wrong in ({"days": "9"}, {"milestone": "lunch"}, {"as_of": "2026-03-01T00:00:00Z"}):
        assert analyst.get("/record", params=wrong).status_code == httpx.codes.BAD_REQUEST
    nothing = asked(analyst, "/record", modality="NM")
    assert nothing["live"]["all"]["coverage_80"] is None
    assert nothing["live"]["by_day"] == nothing["live"]["reliability"] == nothing["live"]["groups"] == []


@pytest.fixture(params=[(1440, 900), (390, 844)], ids=["desk", "phone"])
def page(board: ServedBoard, chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = request.param
    opened = chromium.new_page(viewport={"width": width, "height": height})
    board.sign_in(opened.context, Role.ANALYST)
    heard = complaints(opened)
    opened.goto(f"{board.url}/forecast")
    yield opened
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    assert accessibility_faults(opened) == []
    assert heard == []
    opened.close()


@pytest.mark.browser
def test_a_lead_sees_whether_to_trust_forecasts_and_what_warnings_were_worth(
    page: Page, analyst: httpx.Client
) -> None:
    told = asked(analyst, "/record", days=7)
    expect(page.locator("#trust-says")).to_have_text(told["verdict"]["says"], timeout=30_000)
    assert f"Of {told['live']['all']['forecasts']} forecasts of the last 7 days" in told["verdict"]["says"]
    scores = page.locator("#scores")
    expect(scores).to_contain_text("Held out at training, 2026-02-12 to 2026-02-25")
    expect(page.locator("#model")).to_contain_text("Preliminary is forecast by the rolling median")
    for chart in ("#coverage", "#reliability"):
        expect(page.locator(f"{chart} .bk-Figure")).to_be_visible(timeout=30_000)
        page.locator(f"{chart} summary").click()
        expect(page.locator(f"{chart} tbody")).to_contain_text("held out")
    expect(page.locator("#groups")).to_contain_text("too few to judge")
    # Fewer forecasts than may be judged: the sentence is of the held-out days, and says so.
    page.locator("select[name=milestone]").select_option("preliminary")
    expect(page.locator("#groups tbody tr").first).to_contain_text("preliminary", timeout=30_000)
    page.locator("select[name=milestone]").select_option("final")
    expect(page.locator("#trust-says")).to_contain_text("held out at training", timeout=30_000)
    page.get_by_label("Live, of the last").select_option("30")
    expect(page.locator("#trust-says")).to_contain_text("of the last 30 days", timeout=30_000)
    assert "days=30&milestone=final" in page.url
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    slider = page.get_by_role("slider", name="Warn when the probability")
    expect(slider).to_have_attribute("aria-valuetext", "60\u202f%")
    expect(page.locator("#in-use")).to_contain_text("Alerts warn at 60\u202f%, or by target at 80\u202f% now")
    slider.focus()
    slider.press("End")
    expect(slider).to_have_attribute("aria-valuetext", "95\u202f%")
    line = asked(analyst, "/warnings", milestone="final")["live"][-1]
    expect(page.locator("#warned tbody tr").nth(2)).to_contain_text(str(line["warned"]))
    expect(page.locator("#warned .leads .lead-bar")).to_have_count(len(LEAD_FROM_MIN))
    assert [url for url in requests if "/api/forecast" in url] == []


def test_what_alerts_raised_is_counted_as_it_was_raised(analyst: httpx.Client) -> None:
    told = analyst.get("/warnings").json()["raised"]
    assert (told["judged"], told["came_true"]) == (5, 3)
    assert (told["breaches"], told["not_warned_of"]) == (5, 2)
    assert (told["by_forecast"], told["by_forecast_true"]) == (4, 2)
    assert told["before_min"][1] == 38
    assert told["says"] == (
        "Of 5 warnings of the last 30 days 3 came true (60 %), the median 38 min before; "
        "2 of 5 breaches were not warned of."
    )


@pytest.fixture
def new_department(board: ServedBoard) -> Iterator[ServedBoard]:
    """Nothing has happened in it, and nothing was trained."""
    url = board.settings.clickhouse_url
    client = connect(url, USER, PASSWORD, "default")
    migrate(client, "fresh")
    client.close()
    where = {"clickhouse_url": url, "clickhouse_user": USER, "clickhouse_password": PASSWORD}
    nothing = NoModel("No model was trained yet.", "`radstream train` makes one.")
    with served_board(**where, clickhouse_database="fresh", held_out=lambda: nothing) as served:
        served.load()
        yield served


@pytest.mark.browser
def test_a_department_without_a_past_is_told_what_is_missing_and_sees_no_number(
    new_department: ServedBoard, chromium: Browser
) -> None:
    page = chromium.new_page(viewport={"width": 1440, "height": 900})
    new_department.sign_in(page.context, Role.ANALYST)
    heard = complaints(page)
    page.goto(f"{new_department.url}/forecast")
    expect(page.locator("#trust")).to_have_attribute("data-trust", "unknown")
    says = page.locator("#trust-says")
    expect(says).to_have_text("No model was trained yet. No live forecast has come true or false yet.")
    expect(page.locator("#trust-step")).to_have_text("radstream train makes one.")
    expect(page.locator("#model")).to_contain_text("No live forecast was made yet.")
    for part in ("#coverage", "#reliability", "#groups", "#warned"):
        expect(page.locator(f"{part} .empty")).to_be_visible()
    expect(page.locator("#scores tbody tr").nth(1)).to_contain_text("too few")
    assert not re.search(r"\b(null|undefined|NaN)\b", page.locator("#track-record").inner_text())
    assert accessibility_faults(page) == []
    assert heard == []
    page.close()
