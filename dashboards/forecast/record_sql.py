"""What came of forecasts, counted in the columns of schemas.forecast_record.

Judged is one forecast of each exam and milestone: the first that was made after the step before it (_WAYS).
So which one it is does not depend on what came, and no exam counts twice. It counts on the day on which the
milestone came. A forecast of what had come unknown to us is judged as if it came at once.
"""

from __future__ import annotations

# Milestone, the step before it, and when it came: columns of v_exams.
_WAYS = """[
    ('started', arrived_at, started_at),
    ('study_stored', started_at, study_stored_at),
    ('preliminary', study_stored_at, preliminary_at),
    ('final', coalesce(preliminary_at, study_stored_at), final_at)]"""
# Forecasts that are older than so many days before the period are not looked for.
_LOOKED_FOR = "{start:DateTime64(6, 'UTC')} - INTERVAL 31 DAY"
LEVELS = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
_LEVELS = f"[{', '.join(map(str, LEVELS))}]"
_PERIOD = ">= {start:DateTime64(6, 'UTC')}", "< {end:DateTime64(6, 'UTC')}"
_CAME = f"""
SELECT exam_id, modality, if(priority = '', 'ROUTINE', priority) AS urgency, way.1 AS milestone,
       ifNull(way.2, toDateTime64(0, 6, 'UTC')) AS after_at, assumeNotNull(way.3) AS came_at
FROM v_exams ARRAY JOIN {_WAYS} AS way
WHERE way.3 {_PERIOD[0]} AND way.3 {_PERIOD[1]} AND stage != 'cancelled'
  AND exam_id IN (SELECT exam_id FROM predictions WHERE made_at >= {_LOOKED_FOR})
"""  # noqa: S608 - made from our own constants
# Copies of one forecast are one: argMin does not care how often it came.
_FIRST = f"""
SELECT c.exam_id AS exam_id, c.milestone AS milestone, any(c.modality) AS modality,
       any(c.urgency) AS priority, any(c.came_at) AS came_at, min(p.made_at) AS made,
       argMin(([p.p05_at, p.p10_at, p.p25_at, p.p50_at, p.p75_at, p.p90_at, p.p95_at], p.due_at,
               p.breach_probability, p.baseline_probability, p.baseline_min, p.model), p.made_at) AS said
FROM predictions AS p INNER JOIN ({_CAME}) AS c ON p.exam_id = c.exam_id AND p.milestone = c.milestone
WHERE p.made_at >= {_LOOKED_FOR}
  AND p.made_at {_PERIOD[1]} AND p.made_at >= c.after_at
GROUP BY c.exam_id, c.milestone
"""  # noqa: S608 - made from our own constants
_MINUTES = "(toUnixTimestamp64Micro({0}) - toUnixTimestamp64Micro(made)) / 60e6"
_LOSS = f"arrayAvg(arrayMap((q, l) -> greatest(l * (took - q), (l - 1) * (took - q)), {{0}}, {_LEVELS}))"
_JUDGED = f"""
SELECT milestone, modality, priority, toDate(came_at, {{zone:String}}) AS day,
       came_at >= {{recent:DateTime64(6, 'UTC')}} AS is_recent,
       greatest(came_at, made) AS ended, {_MINUTES.format("ended")} AS took,
       said.1 AS instants, NOT has(instants, NULL) AS is_whole,
       ended BETWEEN instants[2] AND instants[6] AS is_in_80,
       is_whole AND ended BETWEEN instants[1] AND instants[7] AS is_in_90,
       arrayMap(one -> {_MINUTES.format("ifNull(one, made)")}, instants) AS ours, said.5 AS plain,
       is_whole AND length(plain) = 7 AS is_scored,
       if(is_scored, {_LOSS.format("ours")}, 0) AS loss,
       if(is_scored, {_LOSS.format("plain")}, 0) AS plain_loss,
       if(is_scored, abs(took - ours[4]), 0) AS error,
       if(is_scored, abs(took - plain[4]), 0) AS plain_error,
       ifNull(said.3, 0) AS chance, ifNull(said.4, 0) AS plain_chance, ifNull(ended > said.2, 0) AS is_late,
       if(isNull(said.3), -1, least(9, toInt32(floor(chance * 10)))) AS tenth,
       isNotNull(said.3) AND isNotNull(said.4) AS is_compared, said.6 = 'baseline' AS is_baseline
FROM ({_FIRST})
"""  # noqa: S608 - made from our own constants

_SETS = "(milestone, modality, priority, day), (milestone, modality, priority, is_recent, tenth)"
RECORD = f"""
SELECT milestone, modality, priority, toString(day) AS day, tenth, is_recent, grouping(day) = 0 AS of_day,
       count() AS forecasts, countIf(is_baseline) AS by_baseline, countIf(is_in_80) AS inside_80,
       countIf(is_whole) AS judged_90, countIf(is_in_90) AS inside_90,
       if(of_day, countIf(is_scored), countIf(is_compared)) AS scored,
       sum(loss) AS loss_min, sum(plain_loss) AS baseline_loss_min, sum(error) AS error_min,
       sum(plain_error) AS baseline_error_min, sum(chance) AS said, countIf(is_late) AS happened,
       sumIf(pow(chance - is_late, 2), is_compared) AS squared,
       sumIf(pow(plain_chance - is_late, 2), is_compared) AS baseline_squared
FROM ({_JUDGED})
GROUP BY GROUPING SETS ({_SETS})
HAVING of_day OR tenth >= 0
ORDER BY of_day DESC, milestone, modality, priority, day, tenth, is_recent
"""  # noqa: S608 - made from our own constants
SINCE = "SELECT min(made_at) AS first_at, count() AS forecasts FROM predictions"
