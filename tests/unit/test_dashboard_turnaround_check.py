"""The dashboard's comparison of turnaround: asked for by many, made once, never waited for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from dashboards.turnaround_check import (
    Compared,
    ComparisonFailed,
    Disagreement,
    StatedInterval,
    TurnaroundCheck,
)
from sinks.clickhouse.checking.comparison import Comparison, Difference, Said, settled
from tests.served_board import served_board

_NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
_STATED = StatedInterval(_NOON, _NOON + timedelta(minutes=30), "")
_DIFFERENT = Compared(2, 40, (Disagreement("GENERAL|A1", "room", _STATED, None),))


def _until(check: TurnaroundCheck, holds: Callable[[Any], bool]) -> Any:
    end_s = time.monotonic() + 60
    while not holds(told := check.reading()):
        assert time.monotonic() < end_s, told
        time.sleep(0.01)
    return told


def test_whoever_asks_while_it_compares_has_an_answer_at_once_and_starts_no_second_comparison() -> None:
    go_on, calls = threading.Event(), []

    def compare() -> Compared:
        calls.append(1)
        assert go_on.wait(30)
        return Compared(2, 40, ())

    check = TurnaroundCheck(compare)
    told = [check.reading() for _ in range(20)]
    assert {(one["state"], one["is_running"], one["exams"]) for one in told} == {("unknown", True, None)}
    go_on.set()
    after = _until(check, lambda one: not one["is_running"])
    assert (after["state"], after["exams"], after["intervals"], calls) == ("equal", 2, 40, [1])
    assert after["next_at"] > after["compared_at"]
    assert check.reading()["is_running"] is False


def test_what_differs_is_told_with_the_exam_and_the_label_of_the_interval() -> None:
    told = _until(TurnaroundCheck(lambda: _DIFFERENT), lambda one: one["state"] != "unknown")
    assert (told["state"], told["differing_exams"], told["differing_intervals"]) == ("different", 1, 1)
    (one,) = told["differences"]
    assert (one["exam_id"], one["interval"], one["of_events"], one["of_view"]) == (
        "GENERAL|A1",
        "room",
        _STATED,
        None,
    )
    assert one["label"]


def test_a_comparison_that_fails_says_so_and_stops_nothing() -> None:
    def away() -> Compared:
        raise ComparisonFailed("ClickHouse gives no answer: no connection.")

    def mistaken() -> Compared:
        raise RuntimeError("patient Lindqvist")

    told = _until(TurnaroundCheck(away), lambda one: one["failed"])
    assert (told["state"], told["failed"]) == ("unknown", "ClickHouse gives no answer: no connection.")
    told = _until(TurnaroundCheck(mistaken), lambda one: one["failed"])
    assert "Lindqvist" not in told["failed"]


def test_without_a_second_way_the_api_says_that_there_is_none() -> None:
    with served_board() as served:
        answer = served.get("/api/check").json()
    assert (answer["state"], answer["is_running"], answer["differences"]) == ("off", False, [])


def test_the_api_tells_of_the_comparison() -> None:
    with served_board(compare=lambda: _DIFFERENT) as served:
        end_s = time.monotonic() + 60
        while (answer := served.get("/api/check").json())["state"] == "unknown":
            assert time.monotonic() < end_s
    assert answer["differences"][0]["of_events"] == {
        "start_at": "2026-03-09T12:00:00+00:00",
        "end_at": "2026-03-09T12:30:00+00:00",
        "excluded_reason": "",
    }


def _difference(exam_id: str, end_us: int) -> Difference:
    return Difference(exam_id, "room", Said(0, end_us, ""), None)


def test_only_what_differs_alike_each_time_is_a_difference() -> None:
    on_its_way = [_difference("under way", 1), _difference("under way", 2)]
    wrong = _difference("wrong", 9)
    answers = iter(
        [Comparison(2, 4, (wrong, on_its_way[0]))] + [Comparison(2, 5, (wrong, on_its_way[1]))] * 99
    )
    assert settled(lambda: next(answers), 1.5) == Comparison(2, 5, (wrong,))
    once = Comparison(3, 3, ())
    assert settled(lambda: once, 1e9) == once
