"""The questions to ClickHouse: each interval of the period judged by the targets of both sides."""

from __future__ import annotations

from dashboards.choice import CHOSEN


def _due(side: str) -> str:
    """Seconds that the first target that fits allows; 0 where none does."""
    names = ("due", "interval", "modality", "priority", "patient_class", "site")
    arrays = ", ".join(
        f"{{{side}_{name}:Array({'Float64' if name == 'due' else 'String'})}}" for name in names
    )
    return f"""arrayFirst((due, i, m, p, c, s) -> interval = i AND m IN ('', modality) AND p IN ('', urgency)
             AND c IN ('', patient_class) AND s IN ('', site), {arrays})"""


def _median_late(side: str) -> str:
    """By how much the late ones were late; NULL where none was."""
    median = f"quantileExactInclusiveIf(0.5)(took_s - {side}_due_s, {side}_late)"
    return f"if(countIf({side}_late) = 0, NULL, {median})"


# The exams first, over all of their versions: then only their granules are merged, not all of the intervals'.
_ENDED = """interval IN {intervals:Array(String)}
    AND end_at >= {start:DateTime64(6, 'UTC')} AND end_at < {end:DateTime64(6, 'UTC')}"""
_JUDGED = f"""
  SELECT exam_id, accession_number, interval, start_at, end_at, assumeNotNull(seconds) AS took_s, site,
         modality, patient_class,
         if(priority = '', 'ROUTINE', priority) AS urgency,
         toHour(toTimeZone(end_at, {{zone:String}})) AS hour_of_day,
         {_due("now")} AS now_due_s,
         {_due("then")} AS then_due_s,
         now_due_s > 0 AND took_s > now_due_s AS now_late,
         then_due_s > 0 AND took_s > then_due_s AS then_late
  FROM v_turnaround
  WHERE {_ENDED} AND excluded_reason = ''
    AND exam_id IN (SELECT exam_id FROM turnaround WHERE {_ENDED})
    AND {CHOSEN}"""  # noqa: S608 - made from our own constants

FIGURES = f"""
SELECT grouping(interval, modality, urgency, hour_of_day) AS by,
       interval, modality, urgency, toString(hour_of_day) AS hour_of_day, count() AS exams,
       countIf(now_due_s > 0) AS now_judged, countIf(now_late) AS now_late_exams,
       {_median_late("now")} AS now_median_late_s,
       countIf(then_due_s > 0) AS then_judged, countIf(then_late) AS then_late_exams,
       {_median_late("then")} AS then_median_late_s,
       countIf(then_late AND NOT now_late) AS newly_late,
       countIf(now_late AND NOT then_late) AS no_longer_late
FROM ({_JUDGED})
GROUP BY GROUPING SETS ((), (interval), (modality), (urgency), (hour_of_day))
ORDER BY by, exams DESC, hour_of_day
"""  # noqa: S608 - made from our own constants

CHANGED = f"""
SELECT exam_id, accession_number, interval, start_at, end_at, took_s, site, modality, urgency AS priority,
       patient_class, nullIf(now_due_s, 0) AS now_due_s, nullIf(then_due_s, 0) AS then_due_s,
       if(then_late, 'late', 'in time') AS then
FROM ({_JUDGED})
WHERE now_late != then_late
  AND ({{after_id:String}} = ''
    OR (end_at, concat(exam_id, '/', interval)) > ({{after_at:DateTime64(6, 'UTC')}}, {{after_id:String}}))
ORDER BY end_at, concat(exam_id, '/', interval) LIMIT {{limit:UInt32}}
"""  # noqa: S608 - made from our own constants
