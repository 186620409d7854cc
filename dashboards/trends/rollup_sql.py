"""The questions that a rollup answers: by the hour of UTC, and by the day of the department's zone."""

from __future__ import annotations

from collections.abc import Mapping

from dashboards.choice import CHOSEN
from dashboards.trends.levels import Level

_PERCENTILES = "(0.25, 0.5, 0.75, 0.9, 0.95)"
_OF_DIGESTS = f"quantilesTDigestMerge{_PERCENTILES}(h.digest) AS quantiles_s"
_OF_VALUES = f"quantilesExactInclusiveArray{_PERCENTILES}(h.seconds) AS quantiles_s"
_HOURS = f"""interval = {{interval:String}}
  AND hour >= {{start:DateTime64(6, 'UTC')}} AND hour < {{end:DateTime64(6, 'UTC')}}
  AND {CHOSEN}"""
_DAYS = f"""zone = {{zone:String}} AND interval = {{interval:String}}
  AND day >= {{first:Date}} AND day <= {{last:Date}}
  AND {CHOSEN}"""
_LOCAL = "SELECT *, toTimeZone(hour, {zone:String}) AS local FROM v_turnaround_hourly"
_FIGURES = "sum(h.exams) AS exams"

Question = Mapping[Level, str]

_SUMMARY = f"{_FIGURES}, sum(h.excluded) AS excluded, sum(h.seconds_sum) AS seconds"
SUMMARY: Question = {
    Level.HOUR: f"SELECT {_SUMMARY}, {_OF_DIGESTS} FROM v_turnaround_hourly AS h WHERE {_HOURS}",  # noqa: S608
    Level.DAY: f"SELECT {_SUMMARY}, {_OF_VALUES} FROM v_turnaround_daily AS h WHERE {_DAYS}",  # noqa: S608
}

# A bucket is told as the department's own time, without a zone.
TREND: Question = {
    Level.HOUR: f"""
SELECT formatDateTime(if({{by_hour:Bool}}, toStartOfHour(local), toStartOfDay(local)),
                      '%Y-%m-%dT%H:%i') AS bucket, {_FIGURES}, {_OF_DIGESTS}
FROM ({_LOCAL} WHERE {_HOURS}) AS h
GROUP BY bucket HAVING exams > 0 ORDER BY bucket
""",  # noqa: S608 - made from our own constants
    Level.DAY: f"""
SELECT formatDateTime(h.day, '%Y-%m-%dT00:00') AS bucket, {_FIGURES}, {_OF_VALUES}
FROM v_turnaround_daily AS h WHERE {_DAYS}
GROUP BY h.day HAVING exams > 0 ORDER BY h.day
""",  # noqa: S608 - made from our own constants
}

HEATMAP: Question = {
    Level.HOUR: f"""
SELECT toDayOfWeek(local) AS weekday, toHour(local) AS hour_of_day, {_FIGURES}, {_OF_DIGESTS}
FROM ({_LOCAL} WHERE {_HOURS}) AS h
GROUP BY weekday, hour_of_day HAVING exams > 0 ORDER BY weekday, hour_of_day
""",  # noqa: S608 - made from our own constants
    Level.DAY: f"""
SELECT toDayOfWeek(day) AS weekday, at AS hour_of_day, count() AS exams,
       quantilesExactInclusive{_PERCENTILES}(took_s) AS quantiles_s
FROM (SELECT day, seconds, hours_of_day FROM v_turnaround_daily WHERE {_DAYS})
ARRAY JOIN seconds AS took_s, hours_of_day AS at
GROUP BY weekday, hour_of_day ORDER BY weekday, hour_of_day
""",  # noqa: S608 - made from our own constants
}


def _of_stages(where: str) -> str:
    return where.replace("interval = {interval:String}", "interval IN {stages:Array(String)}")


STAGES: Question = {
    Level.HOUR: f"""
SELECT interval, {_FIGURES}, {_OF_DIGESTS}
FROM v_turnaround_hourly AS h WHERE {_of_stages(_HOURS)}
GROUP BY interval HAVING exams > 0
""",  # noqa: S608 - made from our own constants
    Level.DAY: f"""
SELECT interval, {_FIGURES}, {_OF_VALUES}
FROM v_turnaround_daily AS h WHERE {_of_stages(_DAYS)}
GROUP BY interval HAVING exams > 0
""",  # noqa: S608 - made from our own constants
}
