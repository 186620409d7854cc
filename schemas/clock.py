"""The department's clock: the wall's in real life, a faster one in a simulated department.

    department time = department_epoch + speed x (wall time - wall_epoch)

Every process of one installation gets the same clock (as one string in its environment), so all agree on
what time it is in the department.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_SEPARATOR = ";"


class InvalidClock(ValueError):
    """The values or the text are no clock; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class DepartmentClock:
    """A straight line between wall time and department time. `speed`: department seconds per wall second."""

    wall_epoch: datetime
    department_epoch: datetime
    speed: float

    def __post_init__(self) -> None:
        """Raises InvalidClock."""
        if self.wall_epoch.tzinfo is None or self.department_epoch.tzinfo is None:
            raise InvalidClock("an epoch of a clock needs an offset from UTC, as 2026-01-31T08:00:00+00:00")
        if not math.isfinite(self.speed) or self.speed <= 0:
            raise InvalidClock("the speed of a clock is a finite number above 0")

    @classmethod
    def identity(cls) -> DepartmentClock:
        """Real life: department time is wall time."""
        epoch = datetime(1970, 1, 1, tzinfo=UTC)
        return cls(wall_epoch=epoch, department_epoch=epoch, speed=1.0)

    @classmethod
    def parse(cls, text: str) -> DepartmentClock:
        """The clock that `format` wrote. Raises InvalidClock."""
        parts = text.split(_SEPARATOR)
        if len(parts) != 3:
            raise InvalidClock("expected `wall epoch;department epoch;speed`, the epochs in ISO 8601")
        try:
            return cls(
                wall_epoch=datetime.fromisoformat(parts[0]),
                department_epoch=datetime.fromisoformat(parts[1]),
                speed=float(parts[2]),
            )
        except InvalidClock:
            raise
        except ValueError as error:
            raise InvalidClock(
                f"expected `wall epoch;department epoch;speed`, the epochs in ISO 8601: {error}"
            ) from None

    def format(self) -> str:
        """One line of text, for an environment variable."""
        return _SEPARATOR.join(
            (self.wall_epoch.isoformat(), self.department_epoch.isoformat(), repr(self.speed))
        )

    def now(self, wall: datetime) -> datetime:
        """Department time (UTC) at the wall instant `wall`."""
        return (self.department_epoch + (wall - self.wall_epoch) * self.speed).astimezone(UTC)

    def wall_instant(self, department: datetime) -> datetime:
        """The wall instant (UTC) at which the department's clock shows `department`."""
        elapsed: timedelta = (department - self.department_epoch) / self.speed
        return (self.wall_epoch + elapsed).astimezone(UTC)
