"""The alerts on the board: which are open, in which order, and how pages hear of them."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from dashboards.app import create_live
from dashboards.frames import Frame
from dashboards.live import AlertChange, DueChange, Live, RowChange
from dashboards.open_alerts import OpenAlerts, alert_card
from dashboards.stream import Pace, Reader
from schemas.intervals import BY_NAME
from tests.dashboard_rows import NOON, PSEUDONYMS, alert, due, row
from tests.served_board import config


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def test_what_can_still_be_kept_comes_first_and_then_what_was_missed_last() -> None:
    alerts = OpenAlerts()
    for number, (state, due_min) in enumerate(
        [("breached", -50), ("warned", 9), ("breached", -5), ("warned", 2), ("met", 1), ("resolved", -9)]
    ):
        alerts.put(f"alert-{number}", alert(number, state, NOON + minutes(due_min)))
    assert [row.alert_id for row in alerts.ordered()] == ["alert-3", "alert-1", "alert-2", "alert-0"]
    reading = alerts.reading()
    assert (reading["warned"], reading["breached"]) == (2, 2)


def test_an_alert_that_is_closed_or_taken_out_leaves() -> None:
    alerts = OpenAlerts()
    for number in (1, 2, 3):
        alerts.put(f"alert-{number}", alert(number, "warned", NOON))
    alerts.put("alert-1", alert(1, "met", NOON))
    alerts.put("alert-2", None)
    assert [row.alert_id for row in alerts.ordered()] == ["alert-3"]
    alerts.retain([])
    assert alerts.ordered() == []


def test_the_same_again_is_no_news() -> None:
    alerts = OpenAlerts()
    alerts.put("alert-1", alert(1, "warned", NOON))
    revision = alerts.revision
    alerts.put("alert-1", alert(1, "warned", NOON))
    alerts.put("alert-2", alert(2, "met", NOON))
    assert alerts.revision == revision


def test_a_page_shows_the_first_of_very_many_and_counts_all() -> None:
    alerts = OpenAlerts()
    for number in range(500):
        alerts.put(f"alert-{number}", alert(number, "breached", NOON - minutes(number)))
    reading = alerts.reading()
    assert (len(reading["alerts"]), reading["breached"]) == (200, 500)


def test_a_reader_hears_of_alerts_once_they_are_known_and_at_each_change() -> None:
    frames = asyncio.run(_heard())
    told = [[one["alert_id"] for one in frame.data["alerts"]] for frame in frames if frame.event == "alerts"]
    assert told == [["alert-1"], ["alert-2", "alert-1"]]


def test_a_reader_of_one_exam_hears_of_its_alerts_only() -> None:
    frames = asyncio.run(_heard(exam_id="GENERAL|A00002"))
    told = [[one["alert_id"] for one in frame.data["alerts"]] for frame in frames if frame.event == "alerts"]
    assert told == [[], ["alert-2"]]


async def _heard(exam_id: str | None = None) -> list[Frame]:
    live: Live = create_live(config())
    reader = Reader(live, PSEUDONYMS, exam_id=exam_id, pace=Pace(between_s=0.01, status_s=0.2))
    frames: list[Frame] = []

    async def read() -> None:
        async for frame in reader.frames():
            frames.append(frame)  # noqa: PERF401 - as they come, not in the end

    reading = asyncio.create_task(read())
    live.apply_alerts([AlertChange("alert-1", alert(1, "breached", NOON))])
    await asyncio.sleep(0.1)
    assert [frame.event for frame in frames] == ["status"], "half of the topic is no topic"
    live.alerts_loaded(frozenset({"alert-1"}))
    await asyncio.sleep(0.1)
    live.apply_alerts([AlertChange("alert-2", alert(2, "warned", NOON + minutes(3)))])
    await asyncio.sleep(0.1)
    live.close()
    await reading
    return frames


def test_what_is_due_next_is_on_the_exams_card_and_its_change_is_told() -> None:
    async def body() -> list[Frame]:
        live = create_live(config())
        live.apply([RowChange(row(1).exam_id, row(1)), RowChange(row(2).exam_id, row(2))])
        live.apply_due([DueChange(row(1).exam_id, due(1, NOON + minutes(20)))])
        live.load_finished(frozenset({row(1).exam_id, row(2).exam_id}))
        frames = Reader(live, PSEUDONYMS, pace=Pace(between_s=0.0)).frames()
        found = [await anext(frames), await anext(frames)]
        live.apply_due([DueChange(row(1).exam_id, due(1, NOON + minutes(90)))])
        found.append(await anext(frames))
        live.due_loaded(frozenset())
        found.append(await anext(frames))
        return found[1:]

    snapshot, later, none = asyncio.run(body())
    first, second = sorted(snapshot.data["rows"], key=lambda card: str(card["exam_id"]))
    assert (first["due_at"], first["target_s"]) == (NOON + minutes(20), 3600)
    assert first["target_label"] == BY_NAME["report_turnaround"].label
    assert "due_at" not in second
    assert [card["due_at"] for card in later.data["rows"]] == [NOON + minutes(90)]
    assert ["due_at" in card for card in none.data["rows"]] == [False]


def test_a_card_says_why_it_was_warned_of_and_what_came_of_it_in_words_of_the_page() -> None:
    raised = {"warned_at": NOON, "warned_before_s": 2280, "warned_by": "m1", "warning_came_true": False}
    card = alert_card(alert(1, "met", NOON, **raised, breach_probability=0.72, reasons=("hour", "new_one")))
    assert {name: card[name] for name in raised} == raised
    assert (card["breach_probability"], card["reasons"]) == (0.72, ["the hour", "new_one"])
    by_clock = alert_card(alert(1, "breached", NOON))
    assert not {"warned_at", "reasons", "breach_probability", "warning_came_true"} & by_clock.keys()
