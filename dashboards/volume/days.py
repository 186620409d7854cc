"""Whole days to come, from the days of the last year: the weekday, and how busy the last days were. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from dashboards.volume.hours import Flags, Floats
from dashboards.volume.levels import DOUBT_EXAMS, HALF_LIFE_DAYS
from dashboards.volume.quiet_days import expected_quiet, quiet_days
from dashboards.volume.spread import LEVELS, errors, ranges

_DAYS_OF_WEEK = 7
_SUNDAY = 6
_HALF_LIFE_WEEKS = 16.0
WEEKS_OF_NAIVE = 8


@dataclass(frozen=True, slots=True)
class Days:
    """Exams of whole days.

    totals: (step, modality, day), from day `first` (date.toordinal) until yesterday.
    """

    first: int
    totals: Floats

    @property
    def today(self) -> int:
        """The day after the last."""
        return self.first + int(self.totals.shape[-1])

    def all_of(self) -> Mapping[date, float]:
        """All steps of all exams (the first modality) by day: whether a day is like others."""
        of_day = self.totals[:, 0].sum(axis=0)
        return {date.fromordinal(self.first + place): float(count) for place, count in enumerate(of_day)}


@dataclass(frozen=True, slots=True)
class DaysToCome:
    """The days after today.

    expected: (step, modality, day). ranges: (levels, step, modality, day).
    holidays: How busy each is, in Sundays. quiet: Past days that tell nothing of others.
    """

    expected: Floats
    ranges: Floats
    holidays: Mapping[date, float]
    quiet: frozenset[date]


def days_to_come(days: Days, count: int) -> DaysToCome:
    """The `count` days after today."""
    totals = days.all_of()
    quiet = quiet_days(totals)
    dates = [date.fromordinal(days.today + ahead) for ahead in range(count + 1)]
    holidays = {day: ratio for day in dates if (ratio := expected_quiet(day, totals)) is not None}
    told = np.array([date.fromordinal(days.first + n) not in quiet for n in range(days.totals.shape[-1])])
    said = list(_said(days, told))
    latest = said[-1] if said else np.zeros((_DAYS_OF_WEEK, *days.totals.shape[:2]))
    expected = np.zeros((*days.totals.shape[:2], count))
    found = np.zeros((len(LEVELS), *expected.shape))
    for ahead in range(1, count + 1):
        day = dates[ahead]
        ratio = holidays.get(day)
        weekday = day.weekday() if ratio is None else _SUNDAY
        expected[..., ahead - 1] = latest[weekday] * (1.0 if ratio is None else ratio)
        found[..., ahead - 1] = _ranges(days, said, told, ahead, expected[..., ahead - 1])
    return DaysToCome(expected, found, holidays, quiet)


def _said(days: Days, told: Flags) -> Iterator[Floats]:
    """At the end of each day: (weekday, step, modality), what it would have been expected to be."""
    shape = days.totals.shape[:2]
    fade, fade_level = 0.5 ** (1 / _HALF_LIFE_WEEKS), 0.5 ** (1 / HALF_LIFE_DAYS)
    of_weekday, seen = np.zeros((_DAYS_OF_WEEK, *shape)), np.zeros(_DAYS_OF_WEEK)
    found, expected = (np.full(shape, DOUBT_EXAMS) for _ in range(2))
    for place in range(days.totals.shape[-1]):
        weekday = date.fromordinal(days.first + place).weekday()
        if told[place]:
            counted = days.totals[..., place]
            if seen[weekday]:
                usually = of_weekday[weekday] / seen[weekday]
                found = DOUBT_EXAMS + fade_level * (found - DOUBT_EXAMS) + counted
                expected = DOUBT_EXAMS + fade_level * (expected - DOUBT_EXAMS) + usually
            of_weekday[weekday] = of_weekday[weekday] * fade + counted
            seen[weekday] = seen[weekday] * fade + 1
        mean = of_weekday.sum(axis=0) / max(1.0, seen.sum())
        per_weekday = of_weekday / np.where(seen > 0, seen, 1.0)[:, None, None]
        yield np.where(seen[:, None, None] > 0, per_weekday, mean) * (found / expected)


def _ranges(days: Days, said: list[Floats], told: Flags, ahead: int, expected: Floats) -> Floats:
    """(levels, step, modality): by how far what was said so many days ahead was off."""
    places = np.arange(_DAYS_OF_WEEK + ahead, days.totals.shape[-1])
    weekdays = [date.fromordinal(days.first + int(place)).weekday() for place in places]
    before = (
        np.stack(
            [said[place - ahead][weekday] for place, weekday in zip(places, weekdays, strict=True)], axis=-1
        )
        if len(places)
        else np.zeros((*expected.shape, 0))
    )
    off = np.where(told[places], errors(days.totals[..., places], before), np.nan)
    found = np.empty((len(LEVELS), *expected.shape))
    for step, modality in np.ndindex(*expected.shape):
        mean = expected[step, modality, None]
        found[:, step, modality] = ranges(mean, before[step, modality], off[step, modality])[:, 0]
    return found


def naive_days(days: Days, count: int) -> Floats:
    """(levels, step, modality, day): of the last eight of that weekday, today first; NaN where none was."""
    found = np.full((len(LEVELS), *days.totals.shape[:2], count), np.nan)
    for ahead in range(count):
        same = range(days.today + ahead - _DAYS_OF_WEEK, days.first - 1, -_DAYS_OF_WEEK)
        places = [day - days.first for day in same if day < days.today][:WEEKS_OF_NAIVE]
        if places:
            found[..., ahead] = np.quantile(days.totals[..., places], LEVELS, axis=-1)
    return found
