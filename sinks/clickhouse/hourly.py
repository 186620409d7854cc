"""The rollup by the hour (UTC): turnaround_hourly, percentiles as digests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.rollup import TOUCHED, Rollup, count_anew

_HOURS_AT_ONCE = 720
_HOUR_S = 3600
_DAY_S = 24 * _HOUR_S

_CHANGED = f"""
SELECT DISTINCT toUInt32(hour) AS hour_s FROM turnaround_hours
WHERE hour_s > 0 AND exam_id IN ({TOUCHED})
ORDER BY hour_s
"""  # noqa: S608 - our own constants
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
                AND has({hours_s:Array(UInt32)}, toUInt32(toStartOfHour(end_at)))
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


def counting() -> str:
    """What counts hours, for who only asks; its parameters are those of `bounds_of`, and a version."""
    return _COUNTING


def bounds_of(hours: Sequence[int]) -> dict[str, Any]:
    """The parameters that stand for these hours, each in seconds since 1970, in their order."""
    return {"hours_s": list(hours), "first_s": hours[0], "end_s": hours[-1] + _HOUR_S}


HOURLY = Rollup(
    name="hourly",
    changed=_CHANGED,
    count=f"INSERT INTO turnaround_hourly{_COUNTING}",
    bounds=bounds_of,
    at_once=_HOURS_AT_ONCE,
    gap=_DAY_S,
)


def count_hours(client: Client) -> int:
    """Bring turnaround_hourly up to what turnaround has now; how many hours were counted.

    Raises the driver's error: then the next call counts them.
    """
    return count_anew(client, HOURLY)
