"""What time it is in a department: where its log begins and ends, and the clock that goes on from there.

Only what was heard counts, over the listeners or from a history. What radstream says itself, of its targets,
of who saw what or of what was erased, is dated by the clock it ran by, which may have been the wall's.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from producers.history.manifest import Manifest, read_manifests
from producers.simulator.department_file import DEFAULT_DEPARTMENT, load_department
from producers.simulator.ledger import last_endless_run
from producers.simulator.opening import opens_at
from runtime.analytics import analytics_client
from runtime.backfill.synthetic import manifest_path
from runtime.department import RUN_PREFIX, ledger_path
from runtime.installation import Installation
from schemas.clock import DepartmentClock
from schemas.topics import EVENTS

HEARD = f"kafka_topic = '{EVENTS}' AND source_protocol != 'radstream'"
"""Of the rows of `events` those that were heard."""
_FIRST = f"SELECT min(occurred_at) FROM events WHERE {HEARD} HAVING count() > 0"  # noqa: S608 - our own constant
_LATEST = f"SELECT max(recorded_at) FROM events WHERE {HEARD} HAVING count() > 0"  # noqa: S608 - as above


def first_event_at(installation: Installation) -> datetime | None:
    """The first instant that is told of any exam; None where none is known. Raises ClickHouse's errors."""
    return _asked(installation, _FIRST)


def latest_event_at(installation: Installation) -> datetime | None:
    """When something of an exam was learned of last; None where none is known. Raises ClickHouse's errors.

    By our own clock: a scanner's may be ahead.
    """
    return _asked(installation, _LATEST)


def busy_hour_until(now: datetime, zone: str) -> datetime:
    """The latest instant until `now` from which on a department in `zone` is busy; UTC.

    Raises InvalidDepartment, OSError, zoneinfo.ZoneInfoNotFoundError.
    """
    return opens_at(load_department(DEFAULT_DEPARTMENT), now.astimezone(ZoneInfo(zone)))


def stands_at(latest: datetime | None, histories: Iterable[Manifest]) -> datetime | None:
    """The department's present, where nothing runs: the end of its log, and of its synthetic histories."""
    known = [one.history.ends_at for one in histories]
    return max(known if latest is None else [latest, *known], default=None)


def simulated_clock(installation: Installation, *begun: Manifest) -> str | None:
    """The clock by which a simulated department's data is worked on, where none runs; else None: the wall's.

    It goes on from where the department stands, as fast as the wall's. `begun`: what is about to be loaded;
    on data that has nothing else, the department will stand at its end.
    Raises ManifestDamaged, LedgerDamaged, OSError, ClickHouse's errors.
    """
    histories = read_manifests(manifest_path(installation.data))
    is_simulated = bool(histories) or last_endless_run(ledger_path(installation.data), RUN_PREFIX) is not None
    latest = latest_event_at(installation)
    if not is_simulated and latest is not None:
        return None
    at = stands_at(latest, (*histories, *begun))
    return None if at is None else DepartmentClock(datetime.now(UTC), at, 1.0).format()


def _asked(installation: Installation, question: str) -> datetime | None:
    client = analytics_client(installation)
    try:
        rows = client.query(question).result_rows
    finally:
        client.close()
    return rows[0][0].replace(tzinfo=UTC) if rows else None
