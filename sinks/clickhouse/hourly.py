"""The rollup by the hour: every hour that changed is counted anew, as a whole, from the intervals.

A t-digest cannot give back what was added to it, and a row of an exam that is replaced would count twice in a
materialized view. So an hour is never added to: whenever a version of an exam comes, the hours of all of its
versions are counted again, and the last count of a cell replaces the one before. To count twice changes
nothing, so a crash, a repeat or a second process does no harm.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import structlog
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error
from urllib3.exceptions import HTTPError

log = structlog.get_logger(__name__)

COUNT_EVERY_S = 2.0
# An insert's rows are seen in one table before they are seen in the next: what came this shortly before the
# last count is counted once more. Longer than an insert may take.
_OVERLAP_US = 60_000_000
_HOURS_AT_ONCE = 720
_HOUR_S = 3600
_LEAVE_WITHIN_S = 0.2

_NOW = "SELECT toUnixTimestamp64Micro(now64(6, 'UTC')), (SELECT max(version) FROM turnaround_counts)"
_CHANGED = """
SELECT DISTINCT toUInt32(hour) AS hour_s FROM turnaround_hours
WHERE hour_s > 0 AND exam_id IN (
    SELECT exam_id FROM turnaround_hours WHERE touched_at >= fromUnixTimestamp64Micro({since_us:Int64})
)
ORDER BY hour_s
"""
# The exams of these hours are found first, by the index of their ends and over all of their versions: only
# the granules of these exams are merged. FINAL with the index of the ends would read whole intervals.
# The cells that were there and are no longer count nothing.
_COUNTING = """
SELECT
    interval, hour, modality, priority, patient_class, site,
    countIf(stands AND excluded_reason = '') AS exams,
    countIf(stands AND excluded_reason != '') AS excluded,
    sumIf(seconds, stands AND excluded_reason = '') AS seconds_sum,
    quantilesTDigestStateIf(0.25, 0.5, 0.75, 0.9, 0.95)(seconds, stands AND excluded_reason = '') AS digest,
    {version:UInt64} AS version
FROM (
    SELECT interval, toStartOfHour(end_at) AS hour, modality, priority, patient_class, site,
        seconds, excluded_reason, true AS stands
    FROM turnaround FINAL
    WHERE end_at >= toDateTime64({first_s:UInt32}, 6, 'UTC')
        AND end_at < toDateTime64({end_s:UInt32}, 6, 'UTC')
        AND has({hours_s:Array(UInt32)}, toUInt32(hour))
        AND exam_id IN (
            SELECT exam_id FROM turnaround
            WHERE end_at >= toDateTime64({first_s:UInt32}, 6, 'UTC')
                AND end_at < toDateTime64({end_s:UInt32}, 6, 'UTC')
        )
    SETTINGS use_skip_indexes_if_final = 0
    UNION ALL
    SELECT interval, hour, modality, priority, patient_class, site, 0, '', false
    FROM turnaround_hourly FINAL
    WHERE hour >= toDateTime({first_s:UInt32}) AND hour < toDateTime({end_s:UInt32})
        AND has({hours_s:Array(UInt32)}, toUInt32(hour)) AND (exams > 0 OR excluded > 0)
)
GROUP BY interval, hour, modality, priority, patient_class, site
"""
_COUNT = f"INSERT INTO turnaround_hourly{_COUNTING}"
_COUNTED = """
INSERT INTO turnaround_counts
SELECT 'hourly', fromUnixTimestamp64Micro({version:Int64}, 'UTC'), {version:Int64}
"""


def count_hours(client: Client) -> int:
    """Bring turnaround_hourly up to what turnaround has now; how many hours were counted.

    Raises the driver's error: then the next call counts them.
    """
    now_us, last_us = (int(number) for number in client.query(_NOW).result_rows[0])
    since_us = max(0, last_us - _OVERLAP_US)
    rows = client.query(_CHANGED, parameters={"since_us": since_us}).result_rows
    hours = [int(hour_s) for (hour_s,) in rows]
    version = max(now_us, last_us + 1)  # a clock that was set back must not hide a count
    for some in _portions(hours):
        client.command(_COUNT, parameters=bounds_of(some) | {"version": version})
    if hours:
        client.command(_COUNTED, parameters={"version": version})
    return len(hours)


def _portions(hours: Sequence[int]) -> Iterator[Sequence[int]]:
    """Some at a time: years of them need no more memory, and no statement more time, than some days."""
    for first in range(0, len(hours), _HOURS_AT_ONCE):
        yield hours[first : first + _HOURS_AT_ONCE]


def counting() -> str:
    """What counts hours, for who only asks; its parameters are those of `bounds_of`, and a version."""
    return _COUNTING


def bounds_of(hours: Sequence[int]) -> dict[str, Any]:
    """The parameters that stand for these hours, each in seconds since 1970, in their order."""
    return {"hours_s": list(hours), "first_s": hours[0], "end_s": hours[-1] + _HOUR_S}


class HourlyCounter:
    """Counts every two seconds, or less often, in a thread of its own, while entered."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        """`connect`: a client of its own, as clients serve one thread."""
        self._connect = connect
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="hourly-counter", daemon=True)

    def __enter__(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End; a count that takes longer is left to the next start, which counts again."""
        self._stopping.set()
        self._thread.join(_LEAVE_WITHIN_S)

    def _run(self) -> None:
        while not self._stopping.wait(COUNT_EVERY_S):
            try:
                client = self._connect()
                try:
                    pause_s = COUNT_EVERY_S
                    while not self._stopping.wait(pause_s):
                        began_s = time.monotonic()
                        count_hours(client)
                        # Where much changed, as in a replay: leave the engine as much time as it was busy.
                        pause_s = max(COUNT_EVERY_S, time.monotonic() - began_s)
                finally:
                    client.close()
            except (Error, HTTPError, OSError) as error:
                log.warning("hours_not_counted", error=type(error).__name__)
