"""What the API tells of an instant: on a real ClickHouse, with the sink's tables and the worker's fold."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

import pytest

from dashboards.access.roles import Role
from dashboards.pages import PAGES
from dashboards.quality_api import PARTS_ASKED
from dashboards.trends_api import PARTS
from schemas.events import Event
from schemas.keyring import FileKeyRing
from tests.past_department import DONE, ERASED, LATE, NOW, OPEN, TODAY, YESTERDAY, at, past_department
from tests.served_board import ServedBoard

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def department(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[ServedBoard, list[Event], FileKeyRing]]:
    with past_department(tmp_path_factory.mktemp("past")) as made:
        yield made


@pytest.fixture(scope="module")
def board(department: tuple[ServedBoard, list[Event], FileKeyRing]) -> ServedBoard:
    return department[0]


def asked(board: ServedBoard, path: str, instant: datetime, sense: str = "recorded", **more: Any) -> Any:
    answer = board.get(path, params={"as_of": instant.isoformat(), "sense": sense, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()


def stages(board: ServedBoard, instant: datetime, sense: str = "recorded") -> dict[str, str]:
    return {item["exam_id"]: item["stage"] for item in asked(board, "/api/worklist", instant, sense)["items"]}


def exam(exam_id: str, part: str = "") -> str:
    return f"/api/exams/{quote(exam_id, safe='')}{part}"


def test_what_was_recorded_late_is_known_then_in_one_sense_only(board: ServedBoard) -> None:
    evening = at(YESTERDAY, 20)
    assert stages(board, evening) == {DONE: "final", OPEN: "ordered", LATE: "acquired"}
    assert stages(board, evening, "occurred") == {DONE: "final", OPEN: "ordered", LATE: "final"}
    # A day on, what was finished the day before has left; the late one was finished yesterday, too.
    assert stages(board, at(TODAY, 8.5)) == {OPEN: "arrived", LATE: "acquired", ERASED: "ordered"}
    assert stages(board, at(TODAY, 8.5), "occurred") == {OPEN: "arrived", ERASED: "ordered"}
    assert stages(board, at(TODAY, 9.5)) == {OPEN: "arrived", ERASED: "ordered"}


def test_as_of_now_everything_is_as_it_is_live(board: ServedBoard) -> None:
    live, then = board.get("/api/worklist").json(), asked(board, "/api/worklist", NOW)
    of_targets = {"due_at", "warn_at", "target_s", "target_interval", "target_label", "late_probability"}
    assert [
        {name: value for name, value in item.items() if name not in of_targets} for item in then["items"]
    ] == live["items"]
    assert asked(board, "/api/board", NOW)["stages"] == board.get("/api/board").json()["stages"]
    for exam_id in (DONE, OPEN, LATE):
        sheet = board.get(exam(exam_id)).json()
        past = asked(board, exam(exam_id), NOW)
        for part in ("exam", "intervals", "excluded", "images", "forecasts"):
            assert past[part] == sheet[part]


def test_an_exam_and_its_events_are_as_they_were(board: ServedBoard) -> None:
    noon = at(YESTERDAY, 8)
    sheet = asked(board, exam(DONE), noon)
    assert sheet["exam"]["stage"] == "acquired"
    assert "final_at" not in sheet["exam"]
    assert sheet["as_of"]["meaning"] == "what we knew then"
    assert "report_turnaround" not in {one["interval"] for one in sheet["intervals"]}
    events = asked(board, exam(DONE, "/timeline"), noon)["events"]
    assert [event["type"] for event in events] == [
        "OrderPlaced",
        "PatientArrived",
        "AcquisitionStarted",
        "AcquisitionCompleted",
    ]
    assert asked(board, exam(DONE, "/reports"), noon)["reports"] == []
    assert len(asked(board, exam(DONE, "/reports"), at(YESTERDAY, 9))["reports"]) == 1
    assert board.get(exam(OPEN), params={"as_of": noon.isoformat()}).status_code == 404


def test_targets_are_judged_by_the_clock_of_then(board: ServedBoard) -> None:
    def states(hour: float) -> list[tuple[str, str]]:
        found = asked(board, "/api/alerts", at(YESTERDAY, hour))
        return [(alert["exam_id"], alert["state"]) for alert in found["alerts"]]

    assert states(6.5) == []
    assert states(6.8) == [(DONE, "warned")]
    assert states(8.9) == [(LATE, "warned"), (DONE, "breached")]
    assert states(10.8) == [(OPEN, "warned"), (LATE, "breached")]
    (alert,) = asked(board, exam(DONE, "/alerts"), at(YESTERDAY, 12))["alerts"]
    assert alert["state"] == "resolved"


FORECAST_OF_OPEN = {
    "expected_from_at": "2026-11-24T10:51:00+00:00",
    "expected_at": "2026-11-24T11:36:00+00:00",
    "expected_until_at": "2026-11-24T13:06:00+00:00",
    "forecast_at": "2026-11-24T10:06:00+00:00",
    "late_probability": 0.125,
}


def test_forecasts_are_those_that_stood_then(board: ServedBoard) -> None:
    def forecast(instant: datetime, sense: str = "recorded") -> dict[str, str]:
        items = asked(board, "/api/worklist", instant, sense)["items"]
        return {item["exam_id"]: item["forecast_at"] for item in items if "forecast_at" in item}

    first, second = "2026-11-24T06:06:00+00:00", "2026-11-24T07:06:00+00:00"
    at_ten = "2026-11-24T10:06:00+00:00"
    assert forecast(at(YESTERDAY, 6.05)) == {}
    assert forecast(at(YESTERDAY, 6.5)) == {DONE: first}
    assert forecast(at(YESTERDAY, 8)) == {DONE: second}
    assert forecast(at(YESTERDAY, 9.5)) == {}
    # Its report was not known yet, so its forecast stood; by all that is known now it was there.
    assert forecast(at(YESTERDAY, 20)) == {LATE: at_ten, OPEN: at_ten}
    assert forecast(at(YESTERDAY, 20), "occurred") == {OPEN: at_ten}
    # The day after it is still the last one that had been made.
    items = asked(board, "/api/worklist", at(TODAY, 1))["items"]
    (item,) = [item for item in items if item["exam_id"] == OPEN]
    assert {name: item[name] for name in FORECAST_OF_OPEN} == FORECAST_OF_OPEN
    for sense in ("recorded", "occurred"):
        (told,) = asked(board, exam(OPEN), at(TODAY, 1), sense)["forecasts"]
        assert (told["milestone"], told["made_at"], told["reasons"]) == (
            "final",
            at_ten,
            ["exams to be read before this one"],
        )
        (told,) = asked(board, exam(OPEN), NOW, sense)["forecasts"]
        assert told["breach_probability"] == 1.0
    assert len(asked(board, exam(LATE), at(YESTERDAY, 20))["forecasts"]) == 1
    assert asked(board, exam(LATE), at(YESTERDAY, 20), "occurred")["forecasts"] == []


def test_before_the_first_event_there_is_nothing_and_that_is_said(board: ServedBoard) -> None:
    found = asked(board, "/api/worklist", at(YESTERDAY, 1))
    assert found["items"] == []
    assert found["as_of"]["is_before_first"] is True
    assert datetime.fromisoformat(found["as_of"]["first_at"]) == at(YESTERDAY, 6)


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ("as_of=2026-11-24T10:00:00", "zone"),
        ("as_of=yesterday", "instant"),
        ("as_of=2027-01-01T00:00:00Z", "future"),
        ("as_of=2026-11-24T10:00:00Z&sense=guessed", "sense"),
        ("as_of=1066-10-14T09:00:00Z", "from"),
    ],
)
def test_an_instant_that_cannot_be_asked_for_is_refused(board: ServedBoard, question: str, word: str) -> None:
    answer = board.get(f"/api/worklist?{question}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert word in answer.json()["detail"]


def test_what_keeps_no_history_refuses_instead_of_telling_of_now(board: ServedBoard) -> None:
    for path in ("/api/health", "/api/deadletters", "/api/check", "/api/stream", "/api/audit"):
        answer = board.get(path, params={"as_of": at(YESTERDAY, 10).isoformat()})
        assert answer.status_code == 400, path
        assert "only of now" in answer.json()["detail"]


def test_turnaround_of_the_day_is_what_had_been_measured(board: ServedBoard) -> None:
    def exams(instant: datetime, sense: str) -> int:
        found = asked(board, "/api/turnaround", instant, sense, interval="report_turnaround")["all"]
        return 0 if found is None else int(found["exams"])

    evening = at(YESTERDAY, 20)
    assert (exams(evening, "recorded"), exams(evening, "occurred")) == (1, 2)
    assert exams(at(YESTERDAY, 8.9), "occurred") == 0
    assert asked(board, "/api/today", evening)["series"]["reported"]["today_so_far"] == 1
    assert asked(board, "/api/today", evening, "occurred")["series"]["reported"]["today_so_far"] == 2
    live = board.get("/api/turnaround", params={"day": "2026-11-24"}).json()
    then = asked(board, "/api/turnaround", NOW, day="2026-11-24")
    assert {name: then[name] for name in live} == live
    far = board.get("/api/turnaround", params={"day": "1999-01-01", "as_of": NOW.isoformat()})
    assert "31 days" in far.json()["detail"]


PERIOD = {"from": "2026-11-20", "to": "2026-11-25"}


@pytest.mark.parametrize("part", PARTS)
def test_each_figure_of_turnaround_is_as_it_is_live_once_everything_counts(
    board: ServedBoard, part: str
) -> None:
    question = {**PERIOD, "compare_from": "2026-11-01", "compare_to": "2026-11-10"}
    live = board.get(f"/api/turnaround/{part}", params=question).json()
    for sense in ("recorded", "occurred"):
        assert asked(board, f"/api/turnaround/{part}", NOW, sense, **question)["rows"] == live["rows"]


def test_figures_of_turnaround_and_their_exams_are_those_of_then(board: ServedBoard) -> None:
    def exams(sense: str) -> list[str]:
        found = asked(board, "/api/turnaround/exams", at(YESTERDAY, 20), sense, **PERIOD)
        return [row["exam_id"] for row in found["rows"]]

    assert exams("recorded") == [DONE]
    assert exams("occurred") == [DONE, LATE]
    (row,) = asked(board, "/api/turnaround/summary", at(YESTERDAY, 20), **PERIOD)["rows"]
    assert (row["exams"], row["p50_s"]) == (1, 5_400.0)
    file = board.get("/api/turnaround/exams.csv", params={**PERIOD, "as_of": at(YESTERDAY, 20).isoformat()})
    assert LATE not in file.text


@pytest.mark.parametrize("figure", PARTS_ASKED)
def test_each_figure_of_quality_is_as_it_is_live_once_everything_counts(
    board: ServedBoard, figure: str
) -> None:
    live = board.get(f"/api/quality/{figure}", params=PERIOD).json()
    assert asked(board, f"/api/quality/{figure}", NOW, **PERIOD)["rows"] == live["rows"]


def test_the_quality_of_then_knows_nothing_of_what_came_late(board: ServedBoard) -> None:
    def late(instant: datetime) -> int:
        return sum(row["late"] for row in asked(board, "/api/quality/late", instant, **PERIOD)["rows"])

    def finished(instant: datetime, sense: str) -> int:
        rows = asked(board, "/api/quality/missing", instant, sense, **PERIOD)["rows"]
        return max((row["exams"] for row in rows), default=0)

    assert (late(at(YESTERDAY, 20)), late(at(TODAY, 10))) == (0, 1)
    evening = at(YESTERDAY, 20)
    assert (finished(evening, "recorded"), finished(evening, "occurred")) == (1, 2)
    path = "/api/quality/missing/behind"
    behind = asked(board, path, evening, fault="started", **PERIOD)
    assert behind["rows"] == []
    (row,) = asked(board, path, evening, "occurred", fault="started", **PERIOD)["rows"]
    assert row["exam_id"] == LATE


def test_what_nothing_changes_any_more_is_kept_by_the_browser_but_never_a_name(board: ServedBoard) -> None:
    def kept(path: str, instant: datetime, sense: str = "recorded") -> bool:
        answer = board.get(path, params={"as_of": instant.isoformat(), "sense": sense})
        assert answer.headers["etag"]
        return answer.headers["cache-control"] != "no-store"

    evening = at(YESTERDAY, 20)
    assert kept("/api/board", evening)
    assert kept("/api/turnaround", evening)
    assert not kept("/api/board", evening, "occurred")
    assert not kept("/api/board", NOW)
    assert not kept("/api/worklist", evening)
    assert not kept("/api/playback", evening)


def test_a_day_is_told_as_what_changed_and_comes_to_every_board_of_it(board: ServedBoard) -> None:
    found = asked(board, "/api/playback", at(YESTERDAY, 10.4))
    assert (found["day"], found["step_s"]) == ("2026-11-24", 300)
    rows: dict[str, dict[str, Any]] = {}
    told = {}
    for frame in found["frames"]:
        for gone in frame["gone"]:
            del rows[gone]
        for patch in frame["rows"]:
            rows[patch["exam_id"]] = {**rows.get(patch["exam_id"], {}), **patch}
        told[datetime.fromisoformat(frame["at"])] = {name: row["stage"] for name, row in rows.items()}
    assert len(told) < 12
    for instant, known in told.items():
        assert known == stages(board, instant)
    (target,) = rows[OPEN]["targets"]
    assert (target["interval"], target["due_at"]) == ("order_to_final", "2026-11-24T11:00:00+00:00")
    assert board.audit.events[-1].object == "worklist, as of 2026-11-24T10:10:00Z (recorded)"


def test_a_day_that_is_played_back_tells_the_forecasts_as_they_were_made(board: ServedBoard) -> None:
    for instant in (at(YESTERDAY, 10.4), NOW):
        rows: dict[str, dict[str, Any]] = {}
        for frame in asked(board, "/api/playback", instant)["frames"]:
            for patch in frame["rows"]:
                rows[patch["exam_id"]] = {**rows.get(patch["exam_id"], {}), **patch}
            for gone in frame["gone"]:
                del rows[gone]
            then = asked(board, "/api/worklist", datetime.fromisoformat(frame["at"]))["items"]
            for item in then:
                of_then = {name: item.get(name) for name in FORECAST_OF_OPEN}
                assert {name: rows[item["exam_id"]].get(name) for name in FORECAST_OF_OPEN} == of_then
    assert rows[OPEN]["late_probability"] == 1.0


def test_every_page_shows_an_instant_or_says_that_it_is_of_now(board: ServedBoard) -> None:
    now_only = {path for path, _, _ in PAGES} - {"/", "/worklist", "/turnaround", "/quality"}
    for path, _, _ in PAGES:
        page = board.get(path, params={"as_of": at(YESTERDAY, 10).isoformat()})
        assert page.status_code == 200, path
        assert "Tue 24 Nov 2026, 10:00" in page.text
        assert ("This page tells only of now" in page.text) == (path in now_only)


def test_names_are_for_those_who_may_and_each_view_is_recorded(board: ServedBoard) -> None:
    instant = at(YESTERDAY, 12)
    board.audit.events.clear()
    (item,) = asked(board, "/api/worklist", instant, q="roth")["items"]
    assert item["patient"] == "Roth, Anna"
    (said,) = board.audit.events
    assert said.object == "worklist, with a text, as of 2026-11-24T12:00:00Z (recorded)"
    asked(board, exam(OPEN), instant, "occurred")
    assert board.audit.events[-1].object == "exam, as of 2026-11-24T12:00:00Z (occurred)"
    assert board.audit.events[-1].envelope.exam_id == OPEN
    with board.client(Role.VIEWER) as viewer:
        seen = viewer.get("/api/worklist", params={"as_of": instant.isoformat()}).json()
    assert seen["phi"]["shown"] is False
    assert all("patient" not in item for item in seen["items"])


def test_who_was_erased_since_has_no_name_at_any_instant(
    department: tuple[ServedBoard, list[Event], FileKeyRing],
) -> None:
    board, events, ring = department
    order = next(event for event in events if event.envelope.exam_id == ERASED)
    before = asked(board, exam(ERASED), at(TODAY, 11))["exam"]
    assert before["patient"] == "Gone, Greta"
    assert order.envelope.patient_key is not None
    ring.destroy(order.envelope.patient_key)
    for sense in ("recorded", "occurred"):
        after = asked(board, exam(ERASED), at(TODAY, 11), sense)["exam"]
        assert "patient" not in after
        assert after["erased"] is True
        items = asked(board, "/api/worklist", at(TODAY, 11), sense)["items"]
        assert "Greta" not in str(items)
