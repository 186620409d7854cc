"""What warnings by breach probability would have been worth: the columns of schemas.forecast_record.WARNINGS.

Counted is each interval that was due in the period, with the target that it had last. A forecast made after
the interval was due, or had ended, warns of nothing. What never ended is late; of exams that were cancelled,
or went on without the milestone, nobody knows.
"""

from __future__ import annotations

from schemas.forecast_record import LEAD_FROM_MIN, THRESHOLDS

# A target is never longer than so many days: forecasts that are older are not looked for.
_LOOK_BACK_DAYS = 31
_NEVER_US = 1 << 62
_THRESHOLDS = f"[{', '.join(map(str, THRESHOLDS))}]"
_BINS = f"range(1, {len(LEAD_FROM_MIN) + 1})"
_FROM_MIN = f"[{', '.join(map(str, LEAD_FROM_MIN))}]"
_ENDED = """
SELECT exam_id, modality, if(priority = '', 'ROUTINE', priority) AS urgency, isNotNull(final_at) AS is_done,
       way.1 AS milestone, way.2 AS came_at
FROM v_exams ARRAY JOIN [('started', started_at), ('study_stored', study_stored_at),
                         ('preliminary', preliminary_at), ('final', final_at)] AS way
WHERE stage NOT IN ('cancelled', 'reconciled')
  AND exam_id IN (SELECT exam_id FROM predictions WHERE due_at >= {start:DateTime64(6, 'UTC')}
                  AND due_at < {now:DateTime64(6, 'UTC')})
  AND ({milestone:String} = '' OR milestone = {milestone:String})
  AND ({modality:String} = '' OR modality = {modality:String})
  AND ({priority:String} = '' OR urgency = {priority:String})
"""
_FIRST_OVER = f"""
SELECT p.exam_id AS exam_id, p.milestone AS milestone, argMax(p.due_at, p.made_at) AS due,
       any(c.came_at) AS came, any(c.is_done) AS done,
       ifNull(came, toDateTime64('2200-01-01', 6, 'UTC')) AS ends,
       minForEach(arrayMap(t -> if(p.breach_probability >= t
           AND p.made_at < least(assumeNotNull(p.due_at), ifNull(c.came_at, p.due_at)),
           toUnixTimestamp64Micro(p.made_at), {_NEVER_US}), {_THRESHOLDS})) AS firsts
FROM predictions AS p INNER JOIN ({_ENDED}) AS c ON p.exam_id = c.exam_id AND p.milestone = c.milestone
WHERE p.made_at >= {{start:DateTime64(6, 'UTC')}} - INTERVAL {_LOOK_BACK_DAYS} DAY
  AND isNotNull(p.due_at) AND isNotNull(p.breach_probability)
GROUP BY p.exam_id, p.milestone
HAVING due >= {{start:DateTime64(6, 'UTC')}} AND due < {{now:DateTime64(6, 'UTC')}}
  AND NOT (isNull(came) AND done)
"""  # noqa: S608 - made from our own constants
WARNINGS = f"""
SELECT threshold, count() AS intervals, countIf(is_late) AS breaches, countIf(is_warned) AS warned,
       countIf(is_true) AS came_true,
       quantilesExactInclusiveIf(0.1, 0.5, 0.9)(lead_min, is_true) AS spread_min,
       sumForEach(arrayMap(bin -> toUInt64(is_true AND place = bin), {_BINS})) AS leads
FROM (
    SELECT threshold, ends > due AS is_late, first < {_NEVER_US} AS is_warned,
           is_late AND is_warned AS is_true,
           if(is_true, (toUnixTimestamp64Micro(assumeNotNull(due)) - first) / 60e6, 0) AS lead_min,
           arrayCount(edge -> lead_min >= edge, {_FROM_MIN}) AS place
    FROM ({_FIRST_OVER}) ARRAY JOIN {_THRESHOLDS} AS threshold, firsts AS first
)
GROUP BY threshold ORDER BY threshold
"""  # noqa: S608 - made from our own constants
