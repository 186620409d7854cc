"""The backlog: laws of its paths, the pace of departments of known habits, and what is said of clearing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboards.backlog.clearing import clearing, fan
from dashboards.backlog.held_out import HeldOut, came_closer, closer_of
from dashboards.backlog.line import Line, Pace, lines_of, pace_of, staffing, usual_servers
from dashboards.backlog.paths import Paths, paths_of
from dashboards.backlog.record import record
from dashboards.backlog.told import change_of, queue_of, rows_of, told_of
from dashboards.volume.counts import Counts
from dashboards.volume.forecast import forecast
from dashboards.volume.hours import HOURS_OF_DAY, HOURS_OF_WEEK, Floats, Hours
from dashboards.volume.volumes import Known
from tests.volumes import counts_of, days_of, weekly

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
PACE = Pace(per_server=5.0, spread=0.1, idle_h=0.1, is_measured=True)


def line(waiting_now: int = 30, servers: float = 2.0, weeks: int = 8, hours: int = 0) -> Line:
    """Two who read, day and night, until `hours` after a Monday's midnight."""
    now = weeks * HOURS_OF_WEEK + hours
    waiting = np.full(now + 1, 10.0)
    return Line(
        queue="reading",
        modality="all",
        now=waiting_now,
        waiting=waiting,
        left=np.full(now, 5.0 * servers),
        servers=np.full(now, servers),
        of_week=Hours(MONDAY, now + 400, UTC).of_week,
        step=3,
        place=0,
    )


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(st.integers(0, 500), st.integers(-3, 3)),
    st.floats(0, 50),
    st.floats(0, 0.99),
    st.floats(0.1, 40),
    st.none() | st.floats(0.01, 1),
)
def test_whatever_the_queue_its_fan_is_lawful(
    waits_and_more: tuple[int, int], joining: float, begun_h: float, per_server: float, share: float | None
) -> None:
    waits, more = waits_and_more
    shares = None if share is None else np.full(HOURS_OF_DAY, share)
    pace = Pace(per_server, 0.2, 0.1, is_measured=True, shares=shares)
    one = line(waits)
    paths = paths_of(one, pace, np.full(24, joining), begun_h, more)
    found = fan(paths)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (np.diff(found, axis=0) >= 0).all()
    told = clearing(waits, 2.0, paths)
    known = [hours for hours in told.hours if hours is not None]
    assert known == sorted(known)
    assert all(0 <= hours <= 24 - begun_h + 1e-9 for hours in known)
    assert None not in told.hours[: len(known)]
    assert 0 <= told.chance <= 1


def test_one_reader_more_never_makes_a_queue_longer_and_clears_it_sooner() -> None:
    joining = np.full(24, 8.0)
    paths = [paths_of(line(), PACE, joining, 0.3, more) for more in (-1, 0, 1)]
    for fewer, more in pairwise(paths):
        assert (more.waiting <= fewer.waiting).all()
    slow, usual, fast = (clearing(30, 2.0, one).hours[1] for one in paths)
    assert slow is None  # one reads 5 an hour, and 8 come
    assert usual is not None
    assert fast is not None
    assert fast < usual


def test_a_queue_that_is_fed_as_fast_as_it_is_read_does_not_clear() -> None:
    told = clearing(60, 2.0, paths_of(line(60), PACE, np.full(24, 12.0)))
    assert told.hours == (None, None, None)
    assert told.chance < 0.05


def test_without_arrivals_it_clears_when_all_have_been_read() -> None:
    still = replace(PACE, spread=0.0)
    told = clearing(40, 2.0, paths_of(line(40), still, np.zeros(24)))
    assert told.hours[1] == pytest.approx(3.8, abs=0.5)  # 38 of them at ten an hour


def test_no_more_than_serve_it_is_no_backlog() -> None:
    told = clearing(2, 2.0, paths_of(line(2), PACE, np.full(24, 9.0)))
    assert told.is_clear
    assert told.hours == (0.0, 0.0, 0.0)


def test_signing_is_a_delay_and_takes_its_share_of_each_hour() -> None:
    shares = np.full(HOURS_OF_DAY, 0.5)
    signed = Pace(5.0, 0.0, 0.0, is_measured=True, shares=shares)
    found = fan(paths_of(line(1_000), signed, np.zeros(24)))
    assert found[1, :3] == pytest.approx([500, 250, 125], rel=0.1)


def test_the_pace_is_that_of_hours_in_which_exams_waited_all_the_time() -> None:
    one = line()
    idle = np.arange(len(one.left)) % 2 == 0  # every other hour nobody waits, and less is read
    waiting = np.where(np.append(idle, False), 0.0, one.waiting)
    busy = replace(one, waiting=waiting)
    assert pace_of(busy) is None or not pace_of(busy).is_measured  # type: ignore[union-attr]
    runs = np.arange(len(one.left) + 1) // 6 % 2 == 0
    queued = replace(one, waiting=np.where(runs, 8.0, 0.0), left=np.where(runs[1:], 12.0, 3.0))
    found = pace_of(queued)
    assert found is not None
    assert found.is_measured
    assert found.per_server == pytest.approx(6.0, abs=0.8)


def test_nobody_was_ever_seen_to_read() -> None:
    assert pace_of(replace(line(), servers=np.zeros(8 * HOURS_OF_WEEK))) is None


def test_who_has_nothing_to_do_is_there_all_the_same() -> None:
    one = line(weeks=4, hours=10)
    night = one.of_week[: len(one.left)] % 24 < 6
    last_week = np.arange(len(one.left)) >= len(one.left) - HOURS_OF_WEEK
    quiet = night & last_week
    servers = np.where(quiet, 0.0, one.servers)
    waiting = np.where(np.append(quiet, False) | np.append(False, quiet), 0.0, one.waiting)
    seen = replace(one, servers=servers, waiting=waiting)
    assert usual_servers(seen).min() == 2.0
    assert staffing(seen, 24)[0].min() == 2.0


def department() -> Counts:
    """Twelve weeks; two readers are at work by day, and one is at night."""
    counts = counts_of(weekly(12))
    by_day = counts.hours.of_week[: counts.now] % 24
    counts.servers[1, 0] = np.where((by_day >= 8) & (by_day < 18), 2.0, 1.0)
    counts.left[1] = counts.steps[3]
    counts.waiting[1, 0] = 4.0
    counts.waiting_now[1] = [25, 20, 5]
    counts.servers[0, 1] = 1.0
    counts.left[0] = counts.steps[2]
    counts.waiting[0, 1] = 2.0
    return counts


def test_it_is_told_in_words_and_figures_with_the_change_beside_it() -> None:
    counts = department()
    volume = forecast(counts, days_of(counts))
    at = counts.hours.at(counts.now) + timedelta(minutes=20)
    known = Known(at, counts, days_of(counts), volume, None)
    found = told_of(known, volume, change_of(+1, {"CT": 1}), {})
    told = {(one["queue"], one["modality"]): one for one in (queue_of(each, known) for each in found)}
    assert set(told) == {("scanner", "CT"), ("reading", "all")}  # the others were never seen to be served
    reading = told["reading", "all"]
    assert reading["waiting"] == 25
    assert reading["by_modality"] == {"CT": 20, "MR": 5}
    assert reading["present"]["says"].startswith(("Clears at about", "Does not clear before"))
    assert (reading["changed"]["clears_p50_at"] or at) >= at
    rows = list(rows_of(known, found))
    assert len(rows) == 2 * 24
    assert rows[0]["at"] == counts.hours.at(counts.now + 1)
    assert all(row["p10"] <= row["p50"] <= row["p90"] for row in rows)
    assert all(row["changed_p50"] <= row["p50"] for row in rows)
    assert next(iter(lines_of(counts))).modality == "CT"


def test_what_does_not_clear_within_a_day_is_said_so() -> None:
    never = Paths(np.full((10, 24), 50.0), np.full(24, 2.0), np.arange(1.0, 25.0))
    assert clearing(50, 2.0, never).hours == (None, None, None)
    some: Floats = np.full((10, 24), 50.0)
    some[:5, 3:] = 0.0
    told = clearing(50, 2.0, replace(never, waiting=some))
    assert told.chance == 0.5
    assert told.hours[0] == pytest.approx(3.96)
    assert told.hours[2] is None


def held_out(
    ours: float, naive: float | None, *, count: int = 20, is_own: bool = False, far: float | None = None
) -> list[HeldOut]:
    """Ten waited each time; it was said that as many would wait, in later hours `far`."""
    said = np.full((3, 24), ours)
    said[:, 4:] = ours if far is None else far
    before = None if naive is None else np.full((3, 24), naive)
    return [HeldOut(line(), np.full(24, 10.0), said, before, (is_own, is_own)) for _ in range(count)]


def test_the_same_hours_of_the_weeks_before_are_told_wherever_they_came_closer() -> None:
    assert came_closer(held_out(9.0, 13.0)) == (False, False)
    assert came_closer(held_out(13.0, 9.0)) == (True, True)
    assert came_closer(held_out(9.0, 11.5, far=14.0)) == (False, True)
    one = held_out(9.0, 11.5, far=14.0)[0]
    told = one.told((False, True))
    assert told[1, 3:5].tolist() == [9.0, 12.0]  # whole exams


def test_few_forecasts_or_none_that_could_be_compared_decide_nothing() -> None:
    assert came_closer(held_out(13.0, 9.0, count=3)) == (False, False)
    assert came_closer(held_out(13.0, None)) == (False, False)


def test_of_a_queue_that_stands_its_courses_are_told_unless_later_hours_are_as_always() -> None:
    assert came_closer(held_out(13.0, 9.0, is_own=True)) == (False, False)
    assert (held_out(13.0, 9.0, is_own=True)[0].told((True, True)) == 13.0).all()
    closer = {("reading", "all"): (True, True)}
    assert closer_of(closer, line(30)) == (False, False)
    assert closer_of(closer, line(10)) == (False, True)  # ten wait at all times, and two read
    assert closer_of(closer, line(1)) == (True, True)
    assert closer_of({}, line(10)) == (False, False)


def test_which_came_closer_is_learned_from_weeks_before_and_told_of_the_page() -> None:
    counts = department()
    counts.waiting_now[1] = [1, 1, 0]
    counts.waiting[1, 0, -1] = 1.0
    volume = forecast(counts, days_of(counts))
    known = Known(counts.hours.at(counts.now), counts, days_of(counts), volume, None)
    found = record(counts, days_of(counts))
    rows = {one.what: one for one in found.judged}
    # Four always wait, and two for a scanner: the courses cannot know that, the same hours do.
    assert found.closer["reading", "all"] == (False, True)  # in the next hours a queue that stands is its own
    assert rows["reading"].naive_loss == pytest.approx(0.0, abs=0.2)
    assert rows["scanner"].naive_loss == pytest.approx(0.0, abs=0.2)
    reading = next(
        one for one in told_of(known, volume, change_of(+1, {}), found.closer) if one.line.queue == "reading"
    )
    assert reading.fan[1, 4:].tolist() == [4.0] * 20
    assert reading.changed_fan is not None
    assert (reading.changed_fan <= reading.fan).all()
    assert (np.diff(reading.changed_fan, axis=0) >= 0).all()
    assert queue_of(reading, known)["taken_from"] == (
        "Hours 5 to 24 ahead are taken from the same hours of the last 8 weeks, because that came closer."
    )
    assert [row["is_naive"] for row in rows_of(known, [reading])] == [False] * 4 + [True] * 20
