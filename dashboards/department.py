"""The department's clock and calendar: every age and every day on the page is counted by it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo


@dataclass(frozen=True, slots=True)
class Clock:
    """The department's clock: `now` is zone-aware, `speed` is its seconds per second of the wall clock."""

    now: Callable[[], datetime]
    speed: float

    def zone(self) -> tzinfo:
        """The zone that days are counted in."""
        return self.now().tzinfo or UTC

    def today(self) -> date:
        """The day by this clock."""
        return self.now().date()

    def start_of_today(self) -> datetime:
        """When today began, UTC."""
        return day_bounds(self.today(), self.zone())[0]

    def reading(self) -> dict[str, object]:
        """What a page needs to go on counting by itself."""
        return reading_at(self.now(), self.speed)


def reading_at(now: datetime, speed: float) -> dict[str, object]:
    """What a page needs to count on from `now`; a clock of speed 0 stands.

    utc_offset_s is that of `now`: at other instants the clock of `zone` may have another one.
    """
    offset = now.utcoffset() or timedelta()
    return {
        "now": now.astimezone(UTC),
        "speed": speed,
        "utc_offset_s": int(offset.total_seconds()),
        "zone": zone_name(now.tzinfo or UTC),
    }


def day_bounds(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Where `day` begins and where the next one does in `zone`, both UTC."""
    start = datetime.combine(day, time.min, zone)
    end = datetime.combine(day + timedelta(days=1), time.min, zone)
    return start.astimezone(UTC), end.astimezone(UTC)


def zone_name(zone: tzinfo) -> str:
    """What ClickHouse calls `zone`: its IANA name, or that of an offset that never changes."""
    name = getattr(zone, "key", None)
    if isinstance(name, str):
        return name
    offset = zone.utcoffset(None) or timedelta()
    minutes = int(abs(offset).total_seconds()) // 60
    sign = "-" if offset < timedelta() else "+"
    return f"Fixed/UTC{sign}{minutes // 60:02}:{minutes % 60:02}:00" if minutes else "UTC"
