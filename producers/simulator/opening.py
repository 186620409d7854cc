"""When a new simulated department opens: at an hour that has most of a busy day before it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from producers.simulator.department import DepartmentConfig
from producers.simulator.hours import Hours

_AHEAD, _HOUR, _DAY = timedelta(hours=6), timedelta(hours=1), timedelta(days=1)
_LOOKED_BACK = timedelta(days=14)
_BUSY = 0.75  # of the orders of the busiest hour


def opens_at(config: DepartmentConfig, now: datetime) -> datetime:
    """The latest instant until `now` from which on the department is busy for six hours; UTC.

    Where that is not `now` itself, it is so at that hour of the next day, too: who opens on a Friday is
    nearly empty for two days. `now` is in the department's own zone, and is the answer where there is no
    such hour.
    """
    least = _BUSY * max(_orders(config, at, _HOUR) for at in _hours_before(now, timedelta(days=7)))

    def is_busy(at: datetime) -> bool:
        return _orders(config, at, _AHEAD) / (_AHEAD / _HOUR) >= least

    if is_busy(now):
        return now.astimezone(UTC)
    found = (at for at in _hours_before(now, _LOOKED_BACK) if is_busy(at) and is_busy(_later(at, _DAY)))
    return next(found, now).astimezone(UTC)


def _hours_before(now: datetime, span: timedelta) -> Iterator[datetime]:
    """Every full hour until `now`, the latest first."""
    full = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    for hours in range(span // _HOUR):
        yield (full - hours * _HOUR).astimezone(now.tzinfo)


def _orders(config: DepartmentConfig, at: datetime, span: timedelta) -> float:
    return Hours(config, at).expected_orders(_later(at, span))


def _later(at: datetime, span: timedelta) -> datetime:
    """By the time that passes, not by what a clock shows, which is put forward and back."""
    return (at.astimezone(UTC) + span).astimezone(at.tzinfo)
