"""Whole days to come, from the days of two years: the weekday, the last days, the season. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from dashboards.volume.hours import Flags, Floats, Ints
from dashboards.volume.levels import DOUBT_EXAMS, HALF_LIFE_DAYS
from dashboards.volume.quiet_days import expected_quiet, quiet_days
from dashboards.volume.seasons import Seasons, come_true
from dashboards.volume.spread import LEVELS, Misses, errors

_DAYS_OF_WEEK = 7
_SUNDAY = 6
_HALF_LIFE_WEEKS = 16.0
# Errors of the last year say how far off the next ones will be.
_MOST_DAYS = 400
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
    of_today: How far off it was what had been said of days at the end of the day before.
    """

    expected: Floats
    ranges: Floats
    holidays: Mapping[date, float]
    quiet: frozenset[date]
    of_today: Misses


def unlike_others(days: Days, count: int) -> tuple[frozenset[date], Mapping[date, float]]:
    """Past days that tell nothing of others; and of today and `count` days more the holidays, in Sundays."""
    totals = days.all_of()
    to_come = (date.fromordinal(days.today + ahead) for ahead in range(count + 1))
    holidays = {day: ratio for day in to_come if (ratio := expected_quiet(day, totals)) is not None}
    return quiet_days(totals), holidays


def days_to_come(days: Days, count: int) -> DaysToCome:
    """The `count` days after today."""
    told = _Told(days, count)
    expected = np.zeros((*days.totals.shape[:2], count))
    found = np.zeros((len(LEVELS), *expected.shape))
    for ahead in range(1, count + 1):
        expected[..., ahead - 1], misses = told.of(ahead)
        found[..., ahead - 1] = misses.ranges(expected[..., ahead - 1])
    return DaysToCome(expected, found, told.holidays, told.quiet, told.of(0)[1])


class _Told:
    """What was to be said of each day at the end of each before it, and is of those to come.

    holidays: Of days to come, today among them: how busy each is, in Sundays. quiet: As DaysToCome has it.
    """

    def __init__(self, days: Days, count: int) -> None:
        self._days, self._known = days, days.totals.shape[-1]
        self.quiet, self.holidays = unlike_others(days, count)
        dates = [date.fromordinal(days.first + place) for place in range(self._known + count + 1)]
        self._is_told = np.array([day not in self.quiet for day in dates[: self._known]], dtype=np.bool_)
        self._weekdays = np.array([day.weekday() for day in dates], dtype=np.int64)
        self._said = _said(days, self._is_told, self._weekdays)
        self._seasons = Seasons(days.totals[:, 0].sum(axis=0), self._weekdays, self._is_told)

    def of(self, ahead: int) -> tuple[Floats, Misses]:
        """What is expected (step, modality) `ahead` days after today, and how far off that was so far."""
        gap = ahead + 1
        places = np.arange(_DAYS_OF_WEEK + gap, self._known + gap)
        if not self._known:
            nothing = np.zeros((*self._days.totals.shape[:2], 0))
            return nothing.sum(axis=-1), Misses(nothing, nothing)
        # (step, modality, place), at the end of the day that is `gap` before each.
        said = np.moveaxis(self._said[places - gap, self._weekdays[places]], 0, -1)
        said = said * self._by_season(places, said, gap)
        past = places[places < self._known]
        expected = said[..., : len(past)]
        off = errors(self._days.totals[..., past], expected)
        tells = np.flatnonzero(self._is_told[past])[-_MOST_DAYS:]
        usual = said[..., -1] if len(places) else self._said[-1, self._weekdays[self._known + ahead]]
        return self._expected(ahead, usual), Misses(expected[..., tells], off[..., tells])

    def _expected(self, ahead: int, usual: Floats) -> Floats:
        """A day that was a holiday a year before is a Sunday, as busy as it was then."""
        ratio = self.holidays.get(date.fromordinal(self._days.today + ahead))
        return usual if ratio is None else self._said[-1, _SUNDAY] * ratio

    def _by_season(self, places: Ints, said: Floats, gap: int) -> Floats:
        """(place): by how much more or less than the last days is to be expected."""
        moves = self._seasons.moves(places, gap)
        past = places[places < self._known]
        came, before = (
            one.sum(axis=0) for one in (self._days.totals[:, 0][..., past], said[:, 0, : len(past)])
        )
        is_said = self._is_told[past] & (came > 0) & (before > 0)
        missed = np.full(len(past), np.nan)
        missed[is_said] = np.log(came[is_said] / before[is_said])
        return np.asarray(np.exp(moves * come_true(moves, missed, gap)))


def _said(days: Days, told: Flags, weekdays: Ints) -> Floats:
    """(day, weekday, step, modality): at the end of each day, what a day was expected to be."""
    shape = days.totals.shape[:2]
    fade, fade_level = 0.5 ** (1 / _HALF_LIFE_WEEKS), 0.5 ** (1 / HALF_LIFE_DAYS)
    of_weekday, seen = np.zeros((_DAYS_OF_WEEK, *shape)), np.zeros(_DAYS_OF_WEEK)
    found, expected = (np.full(shape, DOUBT_EXAMS) for _ in range(2))
    said = np.empty((days.totals.shape[-1], _DAYS_OF_WEEK, *shape))
    for place in range(len(said)):
        weekday = weekdays[place]
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
        said[place] = np.where(seen[:, None, None] > 0, per_weekday, mean) * (found / expected)
    return said


def naive_days(days: Days, count: int) -> Floats:
    """(levels, step, modality, day): of the last eight of that weekday, today first; NaN where none was."""
    found = np.full((len(LEVELS), *days.totals.shape[:2], count), np.nan)
    for ahead in range(count):
        same = range(days.today + ahead - _DAYS_OF_WEEK, days.first - 1, -_DAYS_OF_WEEK)
        places = [day - days.first for day in same if day < days.today][:WEEKS_OF_NAIVE]
        if places:
            found[..., ahead] = np.quantile(days.totals[..., places], LEVELS, axis=-1)
    return found
