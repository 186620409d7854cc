"""Forecasts of the volume: laws that hold of any history, and what a department of known habits is told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings

from dashboards.volume.counts import STEPS
from dashboards.volume.days import Days, days_to_come
from dashboards.volume.forecast import DAYS_TO_COME, HOURS_TO_COME, Course, TooLittleHistory, forecast
from dashboards.volume.hours import HOURS_OF_DAY, HOURS_OF_WEEK, Floats, Hours, hour_of
from dashboards.volume.quiet_days import expected_quiet, quiet_days
from dashboards.volume.spread import Misses, errors, ranges
from tests.volumes import MODALITIES, MONDAY, counts_of, days_of, histories, weekly, with_all

BERLIN = ZoneInfo("Europe/Berlin")


def assert_lawful(course: Course, length: int) -> None:
    """Whole exams, none of them negative, P10 to P50 to P90, and a number everywhere."""
    assert course.expected.shape == (len(STEPS), len(MODALITIES), length)
    assert np.isfinite(course.expected).all()
    assert (course.expected >= 0).all()
    assert (course.ranges >= 0).all()
    assert (course.ranges == np.rint(course.ranges)).all()
    assert (np.diff(course.ranges, axis=0) >= 0).all()


@settings(max_examples=40, deadline=None)
@given(histories())
def test_whatever_was_counted_ranges_are_lawful_or_it_is_said_how_many_days_are_missing(
    steps: Floats,
) -> None:
    counts = counts_of(steps)
    if counts.now < 2 * HOURS_OF_WEEK:
        missing_h = 2 * HOURS_OF_WEEK - counts.now
        with pytest.raises(TooLittleHistory, match=f"{-(-missing_h // HOURS_OF_DAY)} more day"):
            forecast(counts, days_of(counts))
        return
    volume = forecast(counts, days_of(counts))
    assert_lawful(volume.hourly, HOURS_TO_COME)
    assert_lawful(volume.daily, DAYS_TO_COME)
    assert (volume.daily.ranges[:, :, :, 0] >= volume.so_far).all()


@pytest.mark.parametrize(
    "changes_on", [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]
)
def test_a_day_on_which_the_clock_is_moved_has_23_or_25_hours(changes_on: datetime) -> None:
    first = datetime(changes_on.year, changes_on.month, 1, tzinfo=BERLIN).astimezone(UTC)
    hours = Hours(first, 31 * HOURS_OF_DAY, BERLIN)
    there = hours.day_numbers == changes_on.toordinal()
    assert there.sum() == (23 if changes_on.month == 3 else 25)
    assert [place % HOURS_OF_DAY for place in hours.of_week[there]].count(2) == (
        0 if changes_on.month == 3 else 2
    )
    noons = [
        hours.at(int(place)).astimezone(BERLIN).hour for place in np.flatnonzero(hours.of_week % 24 == 12)
    ]
    assert set(noons) == {12}


@pytest.mark.parametrize(
    "now", [datetime(2026, 3, 28, 22, tzinfo=UTC), datetime(2026, 10, 24, 22, tzinfo=UTC)]
)
def test_the_forecast_follows_the_departments_clock_over_a_change_of_it(now: datetime) -> None:
    first = now - timedelta(weeks=4)
    hours = Hours(first, 4 * HOURS_OF_WEEK, BERLIN)
    steps = np.zeros((len(STEPS), len(MODALITIES), hours.count))
    steps[:, 1:, hours.of_week % HOURS_OF_DAY == 9] = 30.0  # everybody comes at nine
    counts = counts_of(with_all(steps), first=first, zone=BERLIN)
    volume = forecast(counts, days_of(counts))
    assert_lawful(volume.hourly, HOURS_TO_COME)
    places = counts.hours.of_week[counts.now : counts.now + HOURS_TO_COME] % HOURS_OF_DAY
    median = volume.hourly.ranges[1, 0, 1]
    assert (median[places == 9] > 20).all()
    assert (median[places != 9] < 3).all()


@pytest.mark.parametrize("zone", ["Asia/Kolkata", "America/St_Johns", "Europe/Berlin"])
def test_hours_begin_when_the_departments_clock_strikes(zone: str) -> None:
    begins = hour_of(datetime(2026, 7, 1, 10, 47, 12, 5, tzinfo=UTC), ZoneInfo(zone)).astimezone(
        ZoneInfo(zone)
    )
    assert (begins.minute, begins.second, begins.microsecond) == (0, 0, 0)


def test_ranges_hold_four_of_five_and_are_better_than_the_same_hour_of_the_weeks_before() -> None:
    steps = weekly(40)
    within, loss, naive_loss = [], 0.0, 0.0
    for now in range(14 * HOURS_OF_WEEK, 38 * HOURS_OF_WEEK, 131):
        first = now - 12 * HOURS_OF_WEEK
        counts = counts_of(
            steps[..., first:now], first=datetime(2026, 3, 2, tzinfo=UTC) + timedelta(hours=first)
        )
        course = forecast(counts, days_of(counts)).hourly
        came = steps[..., now : now + HOURS_TO_COME]
        within.append((came >= course.ranges[0]) & (came <= course.ranges[2]))
        loss += np.abs(came - course.ranges[1]).sum()
        naive_loss += np.abs(came - course.naive[1]).sum()
    assert 0.76 <= np.mean(within) <= 0.93  # whole exams: a range cannot hold exactly four of five
    assert loss < 0.97 * naive_loss


def test_few_weeks_make_wider_ranges() -> None:
    widths = []
    for weeks in (2, 12):
        counts = counts_of(weekly(weeks))
        course = forecast(counts, days_of(counts)).hourly
        widths.append(float((course.ranges[2] - course.ranges[0])[:, 0, :12].mean()))
    assert widths[0] > widths[1]


def test_a_department_that_grows_by_a_half_is_followed_within_two_weeks() -> None:
    steps = weekly(12)
    steps[..., -2 * HOURS_OF_WEEK :] = np.rint(steps[..., -2 * HOURS_OF_WEEK :] * 1.5)
    counts = counts_of(with_all(steps))
    volume = forecast(counts, days_of(counts))
    before = steps[:, 0, : 10 * HOURS_OF_WEEK].sum() / (10 * 7)
    expected = volume.daily.expected[:, 0, 1:8].sum() / 7
    assert expected > 1.2 * before


def test_a_date_that_was_a_holiday_a_year_ago_is_expected_as_a_sunday() -> None:
    first = date(2025, 1, 1)
    totals = {first + timedelta(days=n): 500.0 for n in range(400)}
    totals = {day: 100.0 if day.weekday() == 6 else count for day, count in totals.items()}
    totals[date(2025, 5, 1)] = 90.0
    assert quiet_days(totals) == {date(2025, 5, 1)}
    assert expected_quiet(date(2026, 5, 1), totals) == pytest.approx(0.9)
    assert expected_quiet(date(2026, 5, 4), totals) is None
    assert expected_quiet(date(2028, 2, 29), totals) is None


def summer(turns: tuple[int, ...], days: int, busier: float = 1.3) -> Days:
    """Every day alike by chance, but for the months after each of `turns`, which are busier."""
    means = np.full(days, 300.0)
    for turn in turns:
        means[turn : turn + 60] *= busier
    found = np.random.default_rng(4).poisson(means, (len(STEPS), len(MODALITIES), days)).astype(np.float64)
    return Days(MONDAY.toordinal(), with_all(found))


def test_a_season_that_came_a_year_before_is_expected_before_the_last_days_tell_of_it() -> None:
    a_year, usual = 364, 300.0 * (len(MODALITIES) - 1)
    came = days_to_come(summer((100,), a_year + 98), 14).expected[:, 0, 6:]
    assert (came > 1.15 * usual).all()
    never = days_to_come(summer((), a_year + 98), 14).expected[:, 0, 6:]
    assert (np.abs(never / usual - 1) < 0.05).all()


def test_a_season_is_expected_by_as_much_as_the_one_before_it_came_again() -> None:
    a_year, usual = 364, 300.0 * (len(MODALITIES) - 1)
    autumn = 250 + a_year
    once, again = (
        days_to_come(summer((*summers, autumn), a_year + autumn - 2), 14).expected[:, 0, 9].mean()
        for summers in ((100,), (100, 100 + a_year))
    )
    assert once < 1.08 * usual
    assert again > 1.15 * usual


def test_sums_that_all_their_hours_move_together_have_ranges_that_hold_four_of_five_small_and_large() -> None:
    random = np.random.default_rng(2)
    means = random.choice([20.0, 120.0, 700.0], 8_000)
    counted = random.poisson(means * np.exp(0.08 * random.standard_normal(8_000))).astype(np.float64)
    past, to_come = slice(0, 400), slice(400, None)
    misses = Misses(means[past], errors(counted[past], means[past]))
    for mean in (20.0, 120.0, 700.0):
        low, _, high = misses.ranges(np.array(mean))
        there = counted[to_come][means[to_come] == mean]
        assert 0.76 < np.mean((there >= low) & (there <= high)) < 0.86


def test_holidays_and_gaps_are_left_out_of_what_is_usual() -> None:
    steps = weekly(12)
    gap = slice(9 * HOURS_OF_WEEK + 24, 9 * HOURS_OF_WEEK + 72)  # a Tuesday and a Wednesday
    steps[..., gap] = 0
    counts = counts_of(steps)
    volume = forecast(counts, days_of(counts))
    assert len(volume.left_out) == 2
    whole = counts_of(weekly(12))
    of_whole = forecast(whole, days_of(whole))
    np.testing.assert_allclose(volume.hourly.expected, of_whole.hourly.expected, rtol=0.15, atol=1.0)


def test_who_is_expected_moves_the_hours_that_they_are_expected_in() -> None:
    steps = weekly(8)
    random = np.random.default_rng(3)
    told = random.poisson(6.0, steps.shape[1:]).astype(np.float64)
    steps[1] += told  # they come as they were expected
    counts = counts_of(with_all(steps))
    told[0] = told[1:].sum(axis=0)
    for lead in range(3):
        counts.known[lead, :, : counts.now - lead] = told[:, lead:]
    counts.known[1, 1, -1], counts.known[1, 2, -1] = 30.0, 6.0
    counts.known[1, 0, -1] = 36.0
    with_many = forecast(counts, days_of(counts)).hourly.expected[1, 1]
    counts.known[1, 1, -1], counts.known[1, 0, -1] = 6.0, 12.0
    as_usual = forecast(counts, days_of(counts)).hourly.expected[1, 1]
    assert 18 < with_many[1] - as_usual[1] < 30
    assert abs(with_many[8] - as_usual[8]) < 1


def test_ranges_of_the_past_that_is_alike() -> None:
    random = np.random.default_rng(1)
    means = random.uniform(0.1, 60, 4_000)
    counted = random.poisson(means).astype(np.float64)
    found = ranges(np.array([0.1, 5.0, 50.0]), means, errors(counted, means))
    assert found[:, 0].tolist() == [0, 0, pytest.approx(1, abs=1)]
    assert found[:, 1] == pytest.approx([2, 5, 8], abs=1)
    assert found[:, 2] == pytest.approx([41, 50, 59], abs=3)
    assert all(low[0] <= high[0] for low, high in pairwise(found))


def test_days_far_ahead_have_a_range_though_nothing_was_ever_said_so_far_ahead() -> None:
    counts = counts_of(weekly(2))
    daily = forecast(counts, days_of(counts)).daily
    assert (daily.ranges[2, :, 0, 1:] - daily.ranges[0, :, 0, 1:] > 8).all()


def test_no_day_at_all_is_no_fault() -> None:
    steps = np.zeros((len(STEPS), len(MODALITIES), 2 * HOURS_OF_WEEK))
    volume = forecast(counts_of(steps), Days(date(2026, 3, 16).toordinal(), steps[..., :0]))
    assert volume.daily.expected.max() == 0
    assert volume.daily.ranges.max() <= 1
    assert np.isnan(volume.daily.naive).all()
