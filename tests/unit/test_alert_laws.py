"""Laws of the alert desk: order, repetition, restarts and the steps of time make no difference."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from processors.alerts.targets import Versions
from schemas.views import WorklistRow
from tests.alert_rows import TARGETS, Desk, row, us, version

EXAMS = ("GENERAL|A1", "GENERAL|A2", "GENERAL|A3")
MILESTONES = (
    "ordered_at",
    "arrived_at",
    "started_at",
    "completed_at",
    "stored_at",
    "final_at",
    "cancelled_at",
)
VERSIONS = (version(-100), version(60, TARGETS.replace("due_min = 60", "due_min = 45")))
MINUTES = st.integers(-50, 300)


@st.composite
def histories(draw: st.DrawFn) -> list[WorklistRow]:
    """Rows of some exams: of each the first, the second and so on, as their events came to be known."""
    rows = []
    for exam_id in EXAMS:
        known: dict[str, object] = {}
        for events in range(1, draw(st.integers(1, 5)) + 1):
            known |= {draw(st.sampled_from(MILESTONES)): draw(MINUTES)}
            known["priority"] = draw(st.sampled_from(["STAT", "ROUTINE", None]))
            is_over = "cancelled_at" in known and draw(st.booleans())
            elsewhere = {"reconciled_into": "GENERAL|B1"} if draw(st.integers(0, 9)) == 0 else {}
            stage = "cancelled" if is_over else "ordered"
            rows.append(row(events, exam_id, stage=stage, **known, **elsewhere))
    return rows


@given(histories(), st.randoms(use_true_random=False), MINUTES)
def test_order_and_repetition_of_rows_make_no_difference(
    rows: list[WorklistRow], chance: random.Random, now: int
) -> None:
    straight, mixed = Desk(*VERSIONS), Desk(*VERSIONS[::-1])
    straight.take(*rows, minutes=now)
    straight.settle(now)
    shuffled = [*rows, *chance.choices(rows, k=5)]
    chance.shuffle(shuffled)
    for one in shuffled:
        mixed.take(one, minutes=now)
        if chance.random() < 0.5:
            mixed.settle(now)
    mixed.settle(now)
    assert mixed.live() == straight.live()
    assert mixed.missed() == straight.missed()
    assert mixed.dues() == straight.dues()


@given(histories(), st.lists(MINUTES, min_size=1, max_size=8))
def test_the_steps_that_time_takes_make_no_difference(rows: list[WorklistRow], steps: list[int]) -> None:
    stepping, jumping = Desk(*VERSIONS), Desk(*VERSIONS)
    stepping.take(*rows, minutes=-50)
    jumping.take(*rows, minutes=-50)
    for now in sorted(steps):
        stepping.settle(now)
    jumping.settle(max(steps))
    assert stepping.live() == jumping.live()
    assert stepping.missed() == jumping.missed()


@given(histories(), st.lists(MINUTES, min_size=1, max_size=8), st.data())
def test_a_kill_at_any_moment_says_nothing_twice_and_loses_nothing(
    rows: list[WorklistRow], steps: list[int], data: st.DataObject
) -> None:
    whole, killed = Desk(*VERSIONS), Desk(*VERSIONS)
    for place, now in enumerate(sorted(steps)):
        so_far = rows[: len(rows) * (place + 1) // len(steps)]
        whole.take(*so_far, minutes=now)
        killed = killed.restarted(so_far, *VERSIONS, minutes=now) if data.draw(st.booleans()) else killed
        killed.take(*so_far, minutes=now)
        assert sorted(whole.settle(now)) == sorted(killed.settle(now))
    assert whole.topic == killed.topic
    assert whole.dues() == killed.dues()


@given(histories(), MINUTES)
def test_what_was_said_is_not_said_again(rows: list[WorklistRow], now: int) -> None:
    desk = Desk(*VERSIONS)
    desk.take(*rows, minutes=now)
    desk.settle(now)
    written = desk.due_written
    desk.take(*rows, minutes=now)
    assert desk.settle(now) == []
    assert desk.due_written == written


@given(histories(), MINUTES)
def test_a_timer_waits_for_everything_that_time_alone_will_say(rows: list[WorklistRow], now: int) -> None:
    """Settled whenever a timer is due, a desk has said what one that is settled every minute has."""
    timed, ticking = Desk(*VERSIONS), Desk(*VERSIONS)
    timed.take(*rows, minutes=now)
    ticking.take(*rows, minutes=now)
    timed.settle(now)
    for minute in range(now, 700):
        ticking.settle(minute)
        while (next_us := timed.desk.next_us()) is not None and next_us <= us(minute):
            timed.settle(minute)
    assert timed.live() == ticking.live()
    assert [one.state for one in timed.topic.values()] == [one.state for one in ticking.topic.values()]


@given(st.permutations([version(minutes) for minutes in (-100, 0, 60)]), MINUTES)
def test_versions_come_in_any_order_and_again(versions: list[object], start: int) -> None:
    first, again = Versions(versions), Versions([*versions[::-1], *versions])  # type: ignore[arg-type, list-item]  # drawn
    assert first.judging(start, None) == again.judging(start, None)
