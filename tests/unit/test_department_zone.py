"""The department's days are those of its zone, and ClickHouse knows every zone by a name."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dashboards.department import Clock, day_bounds, zone_name
from runtime.installation import Installation
from runtime.settings import Settings


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        (UTC, "UTC"),
        (ZoneInfo("UTC"), "UTC"),
        (ZoneInfo("Europe/Berlin"), "Europe/Berlin"),
        (timezone(timedelta(hours=5, minutes=30)), "Fixed/UTC+05:30:00"),
        (timezone(timedelta(hours=-8)), "Fixed/UTC-08:00:00"),
    ],
)
def test_a_zone_has_the_name_that_clickhouse_knows_it_by(zone: tzinfo, name: str) -> None:
    assert zone_name(zone) == name


def test_pages_are_on_the_clock_of_the_zone_that_is_set(tmp_path: Path) -> None:
    clock = Clock(Installation(Settings(data=tmp_path, zone="Pacific/Kiritimati")).local_now(), 1.0)
    assert zone_name(clock.zone()) == "Pacific/Kiritimati"
    assert clock.reading()["utc_offset_s"] == 14 * 3600
    assert clock.now() - datetime.now(UTC) < timedelta(minutes=1)


def test_a_day_on_which_the_clocks_change_is_an_hour_longer_or_shorter() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for day, hours in ((date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)):
        start, end = day_bounds(day, berlin)
        assert end - start == timedelta(hours=hours)
