"""Days on which far less happens than on others of their weekday: holidays, gaps in what is known. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from statistics import median

_SUNDAY = 6
_WEEKS_AROUND = 5
_LEAST_OTHERS = 3
_QUIET_BELOW = 0.6
# So many times the spread that chance alone would make.
_BEYOND_CHANCE = 4.0


def quiet_days(totals: Mapping[date, float]) -> frozenset[date]:
    """Those of `totals` (exams of a day; a day in between that is missing had none) that were quiet."""
    if not totals:
        return frozenset()
    first, last = min(totals), max(totals)
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return frozenset(day for day in days if _is_quiet(day, totals))


def expected_quiet(day: date, totals: Mapping[date, float]) -> float | None:
    """Where the same date was quiet a year before: how busy it was, in Sundays of that time; else None."""
    try:
        before = day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return None
    if before not in totals or not _is_quiet(before, totals):
        return None
    to_sunday = timedelta(days=_SUNDAY - before.weekday())
    sundays = _others(before + to_sunday, totals)
    usual = median(sundays) if sundays else 0.0
    return totals[before] / usual if usual > 0 else None


def _is_quiet(day: date, totals: Mapping[date, float]) -> bool:
    others = _others(day, totals)
    if len(others) < _LEAST_OTHERS:
        return False
    usual, found = median(others), totals.get(day, 0.0)
    return bool(found < _QUIET_BELOW * usual and usual - found > _BEYOND_CHANCE * usual**0.5)


def _others(day: date, totals: Mapping[date, float]) -> list[float]:
    """The same weekday in the weeks around."""
    around = (number for number in range(-_WEEKS_AROUND, _WEEKS_AROUND + 1) if number)
    days = (day + timedelta(weeks=number) for number in around)
    return [totals[one] for one in days if one in totals]
