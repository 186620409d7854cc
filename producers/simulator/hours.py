"""How busy the department is at each hour of its years, and who is on duty then. Pure.

Hours are those of the department's own zone, so a day may have 23 or 25 of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from producers.simulator.department import DepartmentConfig, PatientClass, ReaderGroup

_HOUR_S = 3600
_SUNDAY = 6


@dataclass(frozen=True, slots=True)
class Busyness:
    """Orders per second of each class, from an instant to `ends_s`, seconds from the department's start."""

    ends_s: float
    rates: tuple[float, ...]

    @property
    def total(self) -> float:
        """Orders per second of all classes."""
        return sum(self.rates)


@dataclass(frozen=True, slots=True)
class Shift:
    """One group at work, seconds from the department's start; `day` is when it begins by the calendar."""

    group: ReaderGroup
    day: date
    begins_s: int
    ends_s: int


class Hours:
    """The calendar of one department, from `started_at` on, which is in the department's own zone."""

    def __init__(self, config: DepartmentConfig, started_at: datetime) -> None:
        self._config = config
        self._started_at = started_at
        self._started_utc = started_at.astimezone(UTC)
        self._shares = sum(one.share for one in config.classes)
        self._last = Busyness(0.0, ())

    def busyness(self, at_s: float) -> Busyness:
        """How busy it is `at_s` seconds after the start; for instants that never go back."""
        if at_s >= self._last.ends_s or not self._last.rates:
            self._last = self._busyness(at_s)
        return self._last

    def expected_orders(self, until: datetime) -> float:
        """How many orders are to be expected from the start until then."""
        span_s = (until - self._started_utc).total_seconds()
        at_s, expected = 0.0, 0.0
        while at_s < span_s:
            now = self._busyness(at_s)
            ends_s = min(now.ends_s, span_s)
            expected += now.total * (ends_s - at_s)
            at_s = ends_s
        return expected

    def local(self, at_s: float) -> datetime:
        """The department's clock then."""
        return (self._started_utc + timedelta(seconds=at_s)).astimezone(self._started_at.tzinfo)

    def shifts(self, day: date) -> Iterator[Shift]:
        """The shifts that begin on `day`."""
        weekday = _SUNDAY if self._is_holiday(day) else day.weekday()
        for group in self._config.readers:
            if weekday in group.weekdays:
                days_on = 1 if group.to_h <= group.from_h else 0
                begins_s = self._offset_s(day, group.from_h)
                yield Shift(group, day, begins_s, self._offset_s(day + timedelta(days=days_on), group.to_h))

    def midnight_s(self, day: date) -> int:
        """When `day` begins."""
        return self._offset_s(day, 0)

    def first_day(self) -> date:
        """The day whose shifts may already be under way at the start."""
        return self._started_at.date() - timedelta(days=1)

    def _busyness(self, at_s: float) -> Busyness:
        local = self.local(at_s)
        in_hour_s = local.minute * 60 + local.second + local.microsecond / 1e6
        per_s = self._config.orders_per_hour / _HOUR_S / self._shares
        per_s *= self._config.monthly_profile[local.month - 1]
        rates = tuple(per_s * self._weight(one, local) for one in self._config.classes)
        # A hair past the hour, so that rounding never leaves an hour of no length.
        return Busyness(at_s + max(1e-3, _HOUR_S - in_hour_s), rates)

    def _weight(self, one: PatientClass, local: datetime) -> float:
        is_holiday = self._is_holiday(local.date())
        of_day = one.holiday_share if is_holiday else one.weekday_profile[local.weekday()]
        return one.share * one.hourly_profile[local.hour] * of_day

    def _is_holiday(self, day: date) -> bool:
        return f"{day:%m-%d}" in self._config.holidays

    def _offset_s(self, day: date, hour: int) -> int:
        day, hour = day + timedelta(days=hour // 24), hour % 24
        at = datetime(day.year, day.month, day.day, hour, tzinfo=self._started_at.tzinfo)
        return round((at.astimezone(UTC) - self._started_utc).total_seconds())
