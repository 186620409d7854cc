"""The questions about single exams, readers and scanners, from the intervals themselves."""

from __future__ import annotations

from dashboards.choice import CHOSEN

_ENDED = """interval = {interval:String}
  AND end_at >= {start:DateTime64(6, 'UTC')} AND end_at < {end:DateTime64(6, 'UTC')}"""
# The exams first, over all of their versions: then only their granules are merged, not the whole interval's.
_OF_PERIOD = f"  AND exam_id IN (SELECT exam_id FROM turnaround WHERE {_ENDED})\n"  # noqa: S608 - our own constants
_RAW = f"""FROM v_turnaround
WHERE {_ENDED} AND excluded_reason = ''
{_OF_PERIOD}  AND {CHOSEN}"""
_EXACT = "quantilesExactInclusive(0.25, 0.5, 0.75, 0.9, 0.95)(assumeNotNull(seconds)) AS quantiles_s"

# Above so many days their exams are too many to be found first (benchmarks/queries.py).
_MOST_DAYS_FOUND_FIRST = 400


def of_days(text: str, days: int) -> str:
    """`text` as it is asked of a period of so many days."""
    return text if days <= _MOST_DAYS_FOUND_FIRST else text.replace(_OF_PERIOD, "")


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
