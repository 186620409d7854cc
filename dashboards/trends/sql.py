"""The questions to ClickHouse. Rollups answer what has no reader, scanner or single exam in it."""

from __future__ import annotations

from dashboards.choice import CHOSEN

_HOURLY = f"""FROM v_turnaround_hourly
WHERE interval = {{interval:String}}
  AND hour >= {{start:DateTime64(6, 'UTC')}} AND hour < {{end:DateTime64(6, 'UTC')}}
  AND {CHOSEN}"""
_ENDED = """interval = {interval:String}
  AND end_at >= {start:DateTime64(6, 'UTC')} AND end_at < {end:DateTime64(6, 'UTC')}"""
# The exams first, over all of their versions: then only their granules are merged, not the whole interval's.
_OF_PERIOD = f"  AND exam_id IN (SELECT exam_id FROM turnaround WHERE {_ENDED})\n"  # noqa: S608 - our own constants
_RAW = f"""FROM v_turnaround
WHERE {_ENDED} AND excluded_reason = ''
{_OF_PERIOD}  AND {CHOSEN}"""
_QUANTILES = "quantilesTDigestMerge(0.25, 0.5, 0.75, 0.9, 0.95)(digest) AS quantiles_s"
_EXACT = "quantilesExactInclusive(0.25, 0.5, 0.75, 0.9, 0.95)(assumeNotNull(seconds)) AS quantiles_s"

# Above so many days their exams are too many to be found first (benchmarks/queries.py).
_MOST_DAYS_FOUND_FIRST = 400


def of_days(text: str, days: int) -> str:
    """`text` as it is asked of a period of so many days."""
    return text if days <= _MOST_DAYS_FOUND_FIRST else text.replace(_OF_PERIOD, "")


SUMMARY = f"""
SELECT sum(h.exams) AS exams, sum(h.excluded) AS excluded, sum(h.seconds_sum) AS seconds, {_QUANTILES}
{_HOURLY.replace("v_turnaround_hourly", "v_turnaround_hourly AS h")}
"""

TREND = f"""
SELECT if({{by_hour:Bool}}, toStartOfHour(local), toStartOfDay(local)) AS bucket,
       sum(h.exams) AS exams, {_QUANTILES}
FROM (SELECT *, addSeconds(toDateTime(hour, 'UTC'), {{offset_s:Int32}}) AS local {_HOURLY}) AS h
GROUP BY bucket HAVING exams > 0 ORDER BY bucket
"""  # noqa: S608 - made from our own constants

HEATMAP = f"""
SELECT toDayOfWeek(local) AS weekday, toHour(local) AS hour_of_day, sum(h.exams) AS exams, {_QUANTILES}
FROM (SELECT *, addSeconds(toDateTime(hour, 'UTC'), {{offset_s:Int32}}) AS local {_HOURLY}) AS h
GROUP BY weekday, hour_of_day HAVING exams > 0 ORDER BY weekday, hour_of_day
"""  # noqa: S608 - made from our own constants

STAGES = f"""
SELECT interval, sum(h.exams) AS exams, {_QUANTILES}
{
    _HOURLY.replace("interval = {interval:String}", "interval IN {stages:Array(String)}").replace(
        "v_turnaround_hourly", "v_turnaround_hourly AS h"
    )
}
GROUP BY interval HAVING exams > 0
"""

TOP = f"SELECT count() AS exams, quantileExactInclusive(0.98)(assumeNotNull(seconds)) AS top_s {_RAW}"

DISTRIBUTION = f"""
SELECT least(toUInt32(floor(seconds / {{width_s:Float64}})), {{bins:UInt32}}) AS bin, count() AS exams
{_RAW} GROUP BY bin ORDER BY bin
"""

READERS = f"SELECT reader AS name, count() AS exams, {_EXACT} {_RAW} AND reader != '' GROUP BY name"
SCANNERS = (
    f"SELECT station_ae_title AS name, count() AS exams, {_EXACT} {_RAW}"
    " AND station_ae_title != '' GROUP BY name"
)

EXAMS = f"""
SELECT exam_id, accession_number, interval, start_at, end_at, seconds, minutes, site, modality,
       procedure_name, priority, patient_class, station_ae_title, reader
{_RAW}
  AND ({{after_id:String}} = ''
    OR (end_at, exam_id) > ({{after_at:DateTime64(6, 'UTC')}}, {{after_id:String}}))
ORDER BY end_at, exam_id LIMIT {{limit:UInt32}}
"""

# Over all versions of the exams' rows: to merge millions of them for a list of some words is not worth it.
CHOICES = """
SELECT arraySort(groupUniqArray(200)(site)) AS site, arraySort(groupUniqArray(200)(modality)) AS modality,
       arraySort(groupUniqArray(200)(if(priority = '', 'ROUTINE', priority))) AS priority,
       arraySort(groupUniqArray(200)(patient_class)) AS patient_class
FROM worklist
"""
