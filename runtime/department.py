"""The simulated department as a part of the stack, and its clock."""

from __future__ import annotations

from datetime import UTC, datetime

from runtime.installation import Installation
from runtime.stack.part import Part
from schemas.clock import DepartmentClock
from sinks.clickhouse.client import connect

DEFAULT_SPEED = 60.0


def department_clock(installation: Installation, speed: float) -> str:
    """A clock that starts now, or where an earlier simulation on the same data left off."""
    wall = datetime.now(UTC)
    latest = _latest_event(installation)
    start = max(wall, latest) if latest is not None else wall
    return DepartmentClock(wall, start, speed).format()


def _latest_event(installation: Installation) -> datetime | None:
    client = connect(
        installation.clickhouse_url,
        installation.settings.clickhouse_user,
        installation.secret("clickhouse_password"),
        installation.settings.clickhouse_database,
    )
    rows = client.query("SELECT max(occurred_at) FROM events HAVING count() > 0").result_rows
    return rows[0][0].replace(tzinfo=UTC) if rows else None


def simulator_part(installation: Installation, speed: float) -> Part:
    """The department: endless, until stopped."""
    raise NotImplementedError
