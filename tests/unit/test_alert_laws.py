"""Laws of the alert desk: order, repetition, restarts and the steps of time make no difference."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from processors.alerts.targets import Versions
from schemas.views import PredictionRow, WorklistRow
from tests.alert_rows import TARGETS, Desk, at, forecast, row, us, version

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


@st.composite
def told(draw: st.DrawFn) -> tuple[list[WorklistRow], list[PredictionRow]]:
    """The same with forecasts of their final reports, most of them of the target that counts."""
    rows, forecasts = draw(histories()), []
    for last in {one.exam_id: one for one in rows if one.completed_at is not None}.values():
        begun = (last.completed_at - at(0)).total_seconds() / 60  # type: ignore[operator]  # as just chosen
        lengths = (60, 240) if draw(st.booleans()) else (45, 60, 240)
        for made in draw(st.lists(MINUTES, unique=True, max_size=3)):
            likely = draw(st.sampled_from([None, 0.1, 0.5, 0.9]))
            since = made - draw(st.integers(0, 60)) if likely is not None and likely >= 0.5 else None
            due = begun + draw(st.sampled_from(lengths))
            forecasts.append(forecast(made, likely, since, exam_id=last.exam_id, due=due))
    return rows, sorted(forecasts, key=lambda one: one.made_at)


@given(told(), st.randoms(use_true_random=False), MINUTES)
def test_order_and_repetition_of_rows_make_no_difference(
    known: tuple[list[WorklistRow], list[PredictionRow]], chance: random.Random, now: int
) -> None:
    rows, forecasts = known
    straight, mixed = Desk(*VERSIONS), Desk(*VERSIONS[::-1])
    straight.take(*rows, minutes=now)
    straight.hear(*forecasts)
    straight.settle(now)
    shuffled: list[WorklistRow | PredictionRow] = [
        *rows,
        *chance.choices(rows, k=5),
        *forecasts,
        *forecasts[:3],
    ]
    chance.shuffle(shuffled)
    for one in shuffled:
        if isinstance(one, PredictionRow):
            mixed.hear(one)
        else:
            mixed.take(one, minutes=now)
        if chance.random() < 0.5:
            mixed.settle(now)
    mixed.settle(now)
    assert mixed.live() == straight.live()
    assert mixed.missed() == straight.missed()
    assert mixed.dues() == straight.dues()


@given(told(), st.lists(MINUTES, min_size=1, max_size=8))
def test_the_steps_that_time_takes_make_no_difference(
    known: tuple[list[WorklistRow], list[PredictionRow]], steps: list[int]
) -> None:
    rows, forecasts = known
    stepping, jumping = Desk(*VERSIONS), Desk(*VERSIONS)
    stepping.take(*rows, minutes=-50)
    jumping.take(*rows, minutes=-50)
    stepping.hear(*forecasts)
    jumping.hear(*forecasts)
    for now in sorted(steps):
        stepping.settle(now)
    jumping.settle(max(steps))
    assert stepping.live() == jumping.live()
    assert stepping.missed() == jumping.missed()


@given(told(), st.lists(MINUTES, min_size=1, max_size=8), st.data())
def test_a_kill_at_any_moment_says_nothing_twice_and_loses_nothing(
    known: tuple[list[WorklistRow], list[PredictionRow]], steps: list[int], data: st.DataObject
) -> None:
    rows, forecasts = known
    whole, killed = Desk(*VERSIONS), Desk(*VERSIONS)
    for place, now in enumerate(sorted(steps)):
        so_far = rows[: len(rows) * (place + 1) // len(steps)]
        whole.take(*so_far, minutes=now)
        killed = killed.restarted(so_far, *VERSIONS, minutes=now) if data.draw(st.booleans()) else killed
        killed.take(*so_far, minutes=now)
        for one in (whole, killed):
            one.hear(*(row for row in forecasts if row.made_at <= at(now)))
        assert sorted(whole.settle(now)) == sorted(killed.settle(now))
    assert whole.topic == killed.topic
    assert whole.dues() == killed.dues()


@given(told(), MINUTES)
def test_what_was_said_is_not_said_again(
    known: tuple[list[WorklistRow], list[PredictionRow]], now: int
) -> None:
    rows, forecasts = known
    desk = Desk(*VERSIONS)
    desk.take(*rows, minutes=now)
    desk.hear(*forecasts)
    desk.settle(now)
    written = desk.due_written
    desk.take(*rows, minutes=now)
    desk.hear(*forecasts)
    assert desk.settle(now) == []
    assert desk.due_written == written


@given(told(), MINUTES)
def test_a_timer_waits_for_everything_that_time_alone_will_say(
    known: tuple[list[WorklistRow], list[PredictionRow]], now: int
) -> None:
    """Settled whenever a timer is due, a desk has said what one that is settled every minute has."""
    timed, ticking = Desk(*VERSIONS), Desk(*VERSIONS)
    rows, forecasts = known
    timed.take(*rows, minutes=now)
    ticking.take(*rows, minutes=now)
    timed.hear(*forecasts)
    ticking.hear(*forecasts)
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
