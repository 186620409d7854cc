"""Turnaround of one installation computed a second way, for the command and for the dashboard."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from clickhouse_connect.driver.exceptions import ClickHouseError, Error
from urllib3.exceptions import HTTPError

from dashboards.turnaround_check import Compare, Compared, ComparisonFailed, Disagreement, StatedInterval
from runtime.analytics import analytics_client
from runtime.installation import Installation
from sinks.clickhouse.checking.comparison import Bounds, Comparison, Difference, Said, compare, settled

# For what is on its way from the log to the tables.
_WAIT_S = 10.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def compared(installation: Installation, wait_s: float) -> Comparison:
    """The comparison, once the two agree or `wait_s` is over. Raises the driver's error."""
    settings = installation.settings
    bounds = Bounds(settings.clock_ahead_s, settings.clock_behind_days)
    client = analytics_client(installation)
    try:
        return settled(lambda: compare(client, bounds), wait_s)
    finally:
        client.close()


def for_dashboard(installation: Installation) -> Compare:
    """The same in the dashboard's words."""

    def run() -> Compared:
        try:
            found = compared(installation, _WAIT_S)
        except (ClickHouseError, HTTPError, OSError) as error:
            # The message may repeat what stands in rows: the error's name says enough.
            reason = (error.name if isinstance(error, Error) else None) or "no connection"
            raise ComparisonFailed(f"ClickHouse gives no answer: {reason}.") from None
        return Compared(found.exams, found.intervals, tuple(map(_disagreement, found.differences)))

    return run


def _disagreement(found: Difference) -> Disagreement:
    return Disagreement(found.exam_id, found.interval, _stated(found.of_events), _stated(found.of_view))


def _stated(said: Said | None) -> StatedInterval | None:
    if said is None:
        return None
    start, end = (_EPOCH + timedelta(microseconds=us) for us in (said.start_us, said.end_us))
    return StatedInterval(start, end, said.excluded_reason)
