"""Hours one after the other, and where each stands in the department's week and calendar. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

HOUR_S = 3_600
HOURS_OF_WEEK = 168
HOURS_OF_DAY = 24


@dataclass(frozen=True)
class Hours:
    """`count` hours from `first` on (UTC), each a whole hour of the clock in `zone`.

    An hour is always 3,600 seconds: a day on which the clock is moved has 23 or 25 of them.
    """

    first: datetime
    count: int
    zone: tzinfo

    @cached_property
    def of_week(self) -> Ints:
        """Of each hour: its place in the department's week; 0 begins on Monday at midnight."""
        return np.array(
            [local.weekday() * HOURS_OF_DAY + local.hour for local in self._local], dtype=np.int64
        )

    @cached_property
    def dates(self) -> list[date]:
        """Of each hour: the department's day."""
        return [local.date() for local in self._local]

    @cached_property
    def day_numbers(self) -> Ints:
        """Of each hour: the department's day, counted as by date.toordinal."""
        return np.array([day.toordinal() for day in self.dates], dtype=np.int64)

    def at(self, number: int) -> datetime:
        """When the hour in this place begins, UTC; places may lie before or after those that are there."""
        return self.first + timedelta(seconds=number * HOUR_S)

    def place(self, at: datetime) -> int:
        """The place of the hour that `at` lies in."""
        return int((at - self.first).total_seconds() // HOUR_S)

    @cached_property
    def _local(self) -> list[datetime]:
        return [self.at(number).astimezone(self.zone) for number in range(self.count)]


def hour_of(at: datetime, zone: tzinfo) -> datetime:
    """When the hour of the clock in `zone` began that `at` lies in, UTC."""
    local = at.astimezone(zone)
    into_it = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return local.astimezone(UTC) - into_it
