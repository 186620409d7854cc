"""The forecast of a department's volume: the next day by the hour, two weeks by the day. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from dashboards.volume.counts import STEPS, Counts
from dashboards.volume.days import Days, days_to_come, naive_days, unlike_others
from dashboards.volume.hours import HOURS_OF_DAY, HOURS_OF_WEEK, Floats
from dashboards.volume.levels import levels
from dashboards.volume.naive import naive_hours
from dashboards.volume.near import Departures, departures, moved
from dashboards.volume.spread import errors, ranges
from dashboards.volume.weekly import Usual, usual

HOURS_TO_COME = HOURS_OF_DAY
DAYS_TO_COME = 15
"""Today, and the fourteen after it."""
LEAST_WEEKS = 2
_HALF_LIFE_WEEKS = 8.0
_SUNDAY_H = 6 * HOURS_OF_DAY


class TooLittleHistory(Exception):
    """There are fewer than LEAST_WEEKS weeks of it; the message says how many days are missing."""

    def __init__(self, hours: int) -> None:
        """`hours`: how many there are."""
        days = -(-(LEAST_WEEKS * HOURS_OF_WEEK - hours) // HOURS_OF_DAY)
        missing = f"{days} more day{'s are' if days != 1 else ' is'} missing"
        super().__init__(f"a forecast needs {LEAST_WEEKS} whole weeks of events: {missing}")


@dataclass(frozen=True, slots=True)
class Course:
    """What is to come in n hours or days.

    expected: (step, modality, n), the mean. ranges: (levels, step, modality, n), whole exams at LEVELS.
    naive: The same of the seasonal naive forecast; NaN where it can say nothing.
    """

    expected: Floats
    ranges: Floats
    naive: Floats


@dataclass(frozen=True, slots=True)
class Volume:
    """The forecast; `daily` begins with today, of which `so_far` (step, modality) is counted already.

    weeks: So many are known by the hour. holidays: Days to come that were holidays a year before.
    left_out: Past days that were unlike others: holidays, and days of which little is known.
    """

    hourly: Course
    daily: Course
    so_far: Floats
    weeks: float
    holidays: tuple[date, ...]
    left_out: tuple[date, ...]


def forecast(counts: Counts, days: Days) -> Volume:
    """What is to come after `counts`; `days` of up to a year end with yesterday. Raises TooLittleHistory."""
    if counts.now < LEAST_WEEKS * HOURS_OF_WEEK:
        raise TooLittleHistory(counts.now)
    after_today = days_to_come(days, DAYS_TO_COME - 1)
    hours = _HoursToCome(counts, after_today.quiet, after_today.holidays)
    hourly = Course(hours.expected, hours.ranges(), naive_hours(counts, HOURS_TO_COME))
    is_today = counts.hours.day_numbers[: counts.now] == days.today
    so_far = np.asarray(counts.steps[..., : counts.now][..., is_today].sum(axis=-1))
    mean = hours.rest_of_day(days.today)
    today = after_today.of_today.ranges(mean)
    daily = Course(
        np.concatenate(((so_far + mean)[..., None], after_today.expected), axis=-1),
        np.concatenate(((so_far + today)[..., None], after_today.ranges), axis=-1),
        naive_days(days, DAYS_TO_COME),
    )
    weeks = counts.now / HOURS_OF_WEEK
    return Volume(
        hourly, daily, so_far, weeks, tuple(sorted(after_today.holidays)), tuple(sorted(hours.left_out))
    )


def expected_hours(counts: Counts, days: Days) -> Floats:
    """(step, modality, lead): only what is expected of the hours to come. Raises TooLittleHistory."""
    if counts.now < LEAST_WEEKS * HOURS_OF_WEEK:
        raise TooLittleHistory(counts.now)
    return _HoursToCome(counts, *unlike_others(days, 1)).expected


class _HoursToCome:
    """The hours to come; `expected`: (step, modality, lead)."""

    def __init__(self, counts: Counts, quiet: frozenset[date], holidays: Mapping[date, float]) -> None:
        self._counts = counts
        dates = counts.hours.dates
        self.left_out = quiet.intersection(dates[: counts.now])
        age = (counts.now - 1 - np.arange(counts.now)) // HOURS_OF_WEEK
        is_quiet = np.array([day in quiet for day in dates[: counts.now]])
        self._weight = np.where(is_quiet, 0.0, 0.5 ** (age / _HALF_LIFE_WEEKS))
        steps, near = counts.steps.shape[:2], counts.known.shape[0]
        self.expected = np.empty((*steps, HOURS_TO_COME))
        # What was expected of past hours, so long before (step, modality, lead, hour); and longer before.
        self._near = np.empty((*steps, near, counts.now))
        self._far = np.empty((*steps, counts.now))
        self._expect(holidays)

    def ranges(self) -> Floats:
        """(levels, step, modality, lead)."""
        leads = self._near.shape[2]
        counted = self._counts.steps[..., : self._counts.now]
        near = ranges(
            self.expected[..., :leads, None], self._near, self._missed(counted[:, :, None], self._near)
        )
        far = ranges(self.expected[..., leads:], self._far, self._missed(counted, self._far))
        return np.concatenate((near[..., 0], far), axis=-1)

    def _missed(self, counted: Floats, expected: Floats) -> Floats:
        off = errors(counted, expected)
        off[..., self._weight == 0] = np.nan
        return off

    def rest_of_day(self, today: int) -> Floats:
        """What is still to come today: (step, modality)."""
        counts = self._counts
        rest = int((counts.hours.day_numbers[counts.now :] == today).sum())
        return np.asarray(self.expected[..., :rest].sum(axis=-1))

    def _expect(self, holidays: Mapping[date, float]) -> None:
        counts, past = self._counts, slice(0, self._counts.now)
        asked = counts.hours.of_week[past], self._weight
        plain = [usual(counted[..., past], *asked) for counted in counts.steps]
        factors = [
            levels(counted[..., past], one.past, self._weight)
            for counted, one in zip(counts.steps, plain, strict=True)
        ]
        of_steps = [
            Usual(one.weekly * now[..., None], one.past * then)
            for one, (then, now) in zip(plain, factors, strict=True)
        ]
        waiting, known = (usual(counted[..., past], *asked) for counted in (counts.waiting, counts.known))
        found = departures(counts, of_steps, waiting, known)
        for step in range(len(STEPS)):
            self._expect_step(step, of_steps[step], found, holidays)

    def _expect_step(self, step: int, one: Usual, found: Departures, holidays: Mapping[date, float]) -> None:
        self.expected[step] = _to_come(self._counts, one, holidays)[:, :HOURS_TO_COME]
        self._far[step] = np.maximum(one.past, 0.0)
        for lead in range(self._near.shape[2]):
            before, by = moved(step, lead, found, one.past, self._weight)
            self._near[step, :, lead] = np.maximum(before, 0.0)
            self.expected[step, :, lead] += by
        self.expected[step] = np.maximum(self.expected[step], 0.0)


def _to_come(counts: Counts, one: Usual, holidays: Mapping[date, float]) -> Floats:
    """(modality, hour to come): what is usual, or a Sunday's where the day is a holiday."""
    places = counts.hours.of_week[counts.now :]
    found = one.weekly[..., places].copy()
    for number, day in enumerate(counts.hours.dates[counts.now :]):
        ratio = holidays.get(day)
        if ratio is not None:
            found[..., number] = ratio * one.weekly[..., _SUNDAY_H + int(places[number]) % HOURS_OF_DAY]
    return found
