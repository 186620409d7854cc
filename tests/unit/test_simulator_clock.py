"""The department's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.clock import DepartmentClock, InvalidClock

_INSTANTS = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds and adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
_SPEEDS = st.floats(min_value=0.1, max_value=10_000, allow_nan=False)


@given(wall=_INSTANTS, department=_INSTANTS, speed=_SPEEDS)
def test_a_clock_survives_its_own_text(wall: datetime, department: datetime, speed: float) -> None:
    clock = DepartmentClock(wall_epoch=wall, department_epoch=department, speed=speed)
    assert DepartmentClock.parse(clock.format()) == clock


@given(wall=_INSTANTS, ahead_s=st.integers(min_value=0, max_value=86_400), speed=_SPEEDS)
def test_wall_instant_is_the_inverse_of_now(wall: datetime, ahead_s: int, speed: float) -> None:
    clock = DepartmentClock(wall_epoch=wall, department_epoch=wall, speed=speed)
    later = wall + timedelta(seconds=ahead_s)
    assert abs(clock.wall_instant(clock.now(later)) - later) < timedelta(milliseconds=1)


@given(wall=_INSTANTS)
def test_in_real_life_department_time_is_wall_time(wall: datetime) -> None:
    assert DepartmentClock.identity().now(wall) == wall


def test_speed_60_makes_a_minute_an_hour() -> None:
    epoch = datetime(2026, 1, 31, 8, tzinfo=UTC)
    clock = DepartmentClock(wall_epoch=epoch, department_epoch=epoch, speed=60)
    assert clock.now(epoch + timedelta(minutes=1)) == epoch + timedelta(hours=1)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-01-31T08:00:00+00:00;2026-01-31T08:00:00+00:00;0", "a;b;1"]
    + [f"2026-01-31T08:00:00;2026-01-31T08:00:00+00:00;{speed}" for speed in ("1", "inf")],
)
def test_text_that_is_no_clock_is_refused(text: str) -> None:
    with pytest.raises(InvalidClock):
        DepartmentClock.parse(text)
