"""The rollup by the day of a zone: turnaround_daily, every value beside the hour in which it ended.

Its rows are those of the clock of one zone; days of 23 and 25 hours are whole. Of a zone in which no site
counts days any more nothing stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from clickhouse_connect.driver.client import Client

from sinks.clickhouse.rollup import TOUCHED, Rollup, count_anew

_DAYS_AT_ONCE = 14
_NAME = "daily "
_EPOCH = date(1970, 1, 1)

# An hour of UTC may lie in two days of a zone that is half an hour off.
_CHANGED = f"""
SELECT DISTINCT toUInt32(toDate(toTimeZone(hour + arrayJoin([0, 3599]), {{zone:String}}))) AS day
FROM turnaround_hours
WHERE hour > toDateTime(0, 'UTC') AND exam_id IN ({TOUCHED})
ORDER BY day
"""  # noqa: S608 - our own constants
# As hours are counted (hourly.py). Both arrays are in one order, that of the hours: it packs best.
_COUNT = """
INSERT INTO turnaround_daily
WITH arraySort(groupArrayIf((hour_of_day, toFloat32(seconds)), stands AND excluded_reason = '')) AS measured
SELECT
    {zone:String}, interval, day, modality, priority, patient_class, site,
    countIf(stands AND excluded_reason = ''),
    countIf(stands AND excluded_reason != ''),
    sumIf(seconds, stands AND excluded_reason = ''),
    measured.2,
    measured.1,
    {version:UInt64}
FROM (
    SELECT interval, toDate(toTimeZone(end_at, {zone:String})) AS day, modality, priority,
        patient_class, site, toHour(toTimeZone(end_at, {zone:String})) AS hour_of_day,
        seconds, excluded_reason, true AS stands
    FROM turnaround FINAL
    WHERE end_at >= {start:DateTime64(6, 'UTC')} AND end_at < {end:DateTime64(6, 'UTC')}
        AND exam_id IN (
            SELECT exam_id FROM turnaround
            WHERE end_at >= {start:DateTime64(6, 'UTC')} AND end_at < {end:DateTime64(6, 'UTC')}
        )
    SETTINGS use_skip_indexes_if_final = 0
    UNION ALL
    SELECT interval, day, modality, priority, patient_class, site, 0, 0, '', false
    FROM turnaround_daily FINAL
    WHERE zone = {zone:String} AND day >= {first:Date} AND day <= {last:Date} AND (exams > 0 OR excluded > 0)
)
GROUP BY interval, day, modality, priority, patient_class, site
"""
_ZONES = "SELECT groupUniqArray(zone) FROM turnaround_daily"
_IN_USE = "SELECT groupUniqArray(zone) FROM v_sites"
_FORGET_COUNT = "DELETE FROM turnaround_counts WHERE name = {name:String}"
_FORGET = "DELETE FROM turnaround_daily WHERE zone = {zone:String}"


def count_days(client: Client, zone: str) -> int:
    """Bring turnaround_daily up to what turnaround has now, for `zone` (IANA); how many days were counted.

    Raises the driver's error: then the next call counts them.
    """
    return count_anew(client, _daily(zone), zone=zone)


def forget_zones(client: Client) -> None:
    """Remove the days of zones that no site has. Raises the driver's error."""
    known, used = (set(client.query(sql).result_rows[0][0]) for sql in (_ZONES, _IN_USE))
    for zone in sorted(known - used):
        # What says up to when they are counted goes first: a zone that comes back is counted as a new one.
        client.command(_FORGET_COUNT, parameters={"name": _NAME + zone})
        client.command(_FORGET, parameters={"zone": zone})


def _bounds(first: date, last: date, clock: ZoneInfo) -> dict[str, Any]:
    start = datetime.combine(first, time.min, clock)
    end = datetime.combine(last + timedelta(days=1), time.min, clock)
    return {"first": first, "last": last, "start": start.astimezone(UTC), "end": end.astimezone(UTC)}


def _daily(zone: str) -> Rollup:
    clock = ZoneInfo(zone)

    def bounds(numbers: Sequence[int]) -> Mapping[str, Any]:
        first, last = (_EPOCH + timedelta(days=numbers[place]) for place in (0, -1))
        return _bounds(first, last, clock)

    # A statement counts days that follow one another: their bounds are all that it is told.
    return Rollup(_NAME + zone, _CHANGED, _COUNT, bounds, at_once=_DAYS_AT_ONCE, gap=1)
