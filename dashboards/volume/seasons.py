"""What a year before says of the weeks to come: summers, turns of the year, months that are busier. Pure.

The level of the last days follows a season a week late. Where a year is known, the same weeks of it say by
how much the level is about to move; they are followed by as much as that came true so far.
"""

from __future__ import annotations

import numpy as np

from dashboards.volume.hours import Flags, Floats, Ints
from dashboards.volume.levels import HALF_LIFE_DAYS

_DAYS_OF_WEEK = 7
_YEAR_DAYS = 52 * _DAYS_OF_WEEK
_HALF_YEAR_WEEKS = 26
# The week around the day; before it, so many days for the level of then.
_AROUND_DAYS, _LEVEL_DAYS = 3, 28
_LEAST_DAYS = 14
# How much a level moves from week to week without any season: standard deviation of its logarithm.
_RESTLESS = 0.03
_MOST = 0.25
# As if so much had come true before: a hundred days that a season moved by a twentieth.
_DOUBT = 100 * 0.05**2


class Seasons:
    """Of each day, by how much a year before its level then moved. `told`: days that tell of others."""

    def __init__(self, totals: Floats, weekdays: Ints, told: Flags) -> None:
        """totals: (day), exams; weekdays: (day and those to come), 0 is Monday."""
        self._count, self._exams = len(totals), totals * told
        self._usual = _usual_by_weekday(totals, weekdays[: len(totals)], told) * told
        self._level = [_faded(one) for one in (self._exams, self._usual)]
        self._sums = [np.concatenate((np.zeros(1), one.cumsum())) for one in (self._exams, self._usual)]

    def moves(self, places: Ints, ahead: int) -> Floats:
        """(place): logarithm of the factor from what the level says `ahead` days before to what is to come.

        Places may lie up to a year behind the last day. 0 where no year before is known.
        """
        there, then = places - _YEAR_DAYS, places - ahead - _YEAR_DAYS
        is_known = (then >= _LEAST_DAYS) & (there + _AROUND_DAYS < self._count)
        moved, variance = np.zeros(len(places)), np.ones(len(places))
        begins, ends = there[is_known] - _AROUND_DAYS, there[is_known] + _AROUND_DAYS + 1
        begins = np.maximum(begins, 0)
        around, usual = (sums[ends] - sums[begins] for sums in self._sums)
        level, usual_level = (one[then[is_known]] for one in self._level)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = (around / usual) / (level / usual_level)
        is_said = np.isfinite(ratio) & (ratio > 0)
        moved[is_known] = np.where(is_said, np.log(np.where(is_said, ratio, 1.0)), 0.0)
        variance[is_known] = _RESTLESS**2 + 1 / np.maximum(around, 1.0) + 1 / np.maximum(level, 1.0)
        return np.clip(moved * moved**2 / (moved**2 + variance), -_MOST, _MOST)


def come_true(moves: Floats, missed: Floats, ahead: int) -> Floats:
    """(place): which share of a season's moves is to be expected, by those known `ahead` days before.

    moves: (place). missed: (place but those to come): logarithm of what came to what was expected without
    them; NaN where a day tells nothing. The first place to come is `ahead` days after the last one known.
    """
    known = ~np.isnan(missed)
    there = np.where(known, moves[: len(missed)], 0.0)
    with_them = np.concatenate((np.zeros(1), (there * np.where(known, missed, 0.0)).cumsum()))
    of_them = np.concatenate((np.zeros(1), (there**2).cumsum()))
    # At a place all is known until `ahead` days before, that day included.
    until = np.clip(np.arange(len(moves)) - ahead + 1, 0, len(missed))
    return np.asarray(np.clip((with_them[until] + _DOUBT) / (of_them[until] + _DOUBT), 0.0, 1.0))


def _usual_by_weekday(totals: Floats, weekdays: Ints, told: Flags) -> Floats:
    """(day): the mean of its weekday, within half a year before and after it."""
    found = np.zeros(len(totals))
    for weekday in range(_DAYS_OF_WEEK):
        places = np.flatnonzero((weekdays == weekday) & told)
        sums = np.concatenate((np.zeros(1), totals[places].cumsum()))
        reach = _HALF_YEAR_WEEKS * _DAYS_OF_WEEK
        begins, ends = np.searchsorted(places, places - reach), np.searchsorted(places, places + reach + 1)
        found[places] = (sums[ends] - sums[begins]) / (ends - begins)
    return found


def _faded(counted: Floats) -> Floats:
    """(day): the sum of it and those before, each counting less by HALF_LIFE_DAYS."""
    if not len(counted):
        return counted
    weight = 0.5 ** (np.arange(_LEVEL_DAYS) / HALF_LIFE_DAYS)
    return np.asarray(np.convolve(counted, weight)[: len(counted)])
