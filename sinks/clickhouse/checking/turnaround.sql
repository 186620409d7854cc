-- The intervals of each exam, from v_events alone: one row per exam and interval whose two ends are known.
-- Written from docs/intervals.md and docs/architecture.md, not from the fold's code: what both agree on is right.
WITH
retracted AS (SELECT exam_id, assumeNotNull(corrects) AS event_id FROM v_events WHERE corrects IS NOT NULL),
facts AS (
    SELECT
        exam_id,
        toString(event_id) AS id,
        event_type AS step,
        payload,
        transform(step, {steps:Array(String)}, {names:Array(String)}, '') AS milestone,
        toUnixTimestamp64Micro(recorded_at) AS recorded_us,
        toUnixTimestamp64Micro(occurred_at) - recorded_us AS ahead_us,
        ahead_us > {ahead_us:Int64} OR -ahead_us > {behind_us:Int64} AS misdated,
        recorded_us + if(misdated, 0, ahead_us) AS occurred_us,
        (occurred_us, recorded_us) AS happened
    FROM v_events
    WHERE kafka_topic = {topic:String}
        AND cityHash64(exam_id) % {parts:UInt32} = {part:UInt32}
        AND (exam_id, event_id) NOT IN retracted
),
-- Whose images came under another exam_id.
pairs AS (
    SELECT
        exam_id,
        JSONExtractString(payload, 'from_exam_id') AS from_id,
        JSONExtractString(payload, 'into_exam_id') AS into_id,
        maxIf(recorded_us, step = 'ExamReconciled') AS held_us,
        maxIf(recorded_us, step = 'ExamUnreconciled') AS undone_us,
        groupArrayIf(parseDateTime64BestEffortOrNull(JSONExtractString(payload, 'first_image_at'), 6, 'UTC'),
            step = 'ExamReconciled') AS first_images,
        groupArrayIf(parseDateTime64BestEffortOrNull(JSONExtractString(payload, 'stored_at'), 6, 'UTC'),
            step = 'ExamReconciled') AS stored
    FROM facts
    WHERE step IN ('ExamReconciled', 'ExamUnreconciled')
    GROUP BY exam_id, from_id, into_id
    HAVING from_id != into_id AND exam_id IN (from_id, into_id) AND held_us > undone_us
),
reconciled AS (
    SELECT
        exam_id,
        arrayConcat(
            arrayMap(at -> ('first_image', toUnixTimestamp64Micro(at)), arrayFlatten(groupArray(first_images))),
            arrayMap(at -> ('stored', toUnixTimestamp64Micro(at)), arrayFlatten(groupArray(stored)))
        ) AS points
    FROM pairs
    GROUP BY exam_id
    HAVING countIf(from_id = exam_id) = 0
),
-- Studies that were said to be complete, and of which an image came later.
studies AS (
    SELECT exam_id, study, greatest(max(others), sum(in_series)) AS present, max(whole) AS complete, max(is_said) AS said
    FROM (
        SELECT
            exam_id,
            JSONExtractString(payload, 'study_instance_uid') AS study,
            if(step = 'SeriesStored', JSONExtractString(payload, 'series_instance_uid'), '') AS series,
            maxIf(JSONExtractInt(payload, 'instance_count'), step = 'SeriesStored') AS in_series,
            maxIf(JSONExtractInt(payload, 'instance_count'), step != 'SeriesStored') AS others,
            maxIf(JSONExtractInt(payload, 'instance_count'), step = 'StudyStored') AS whole,
            countIf(step = 'StudyStored') > 0 AS is_said
        FROM facts
        WHERE step IN ('SeriesStored', 'ImagesStored', 'StudyStored')
        GROUP BY exam_id, study, series
    )
    GROUP BY exam_id, study
),
open_again AS (
    SELECT exam_id FROM studies
    WHERE exam_id NOT IN (SELECT exam_id FROM reconciled)
    GROUP BY exam_id
    HAVING min(said) AND sum(present) > sum(complete)
),
own AS (
    SELECT
        exam_id,
        groupArrayIf((milestone, happened, misdated), milestone != '') AS reasons,
        countIf(step IN {cancels:Array(String)}) > 0 AS was_cancelled,
        maxIf(happened, step IN {cancels:Array(String)}) AS last_cancel,
        groupArrayIf((happened.1, happened.2, step), step IN {goes_on:Array(String)}) AS going_on,
        arrayMin(arrayFilter(f -> (f.1, f.2) > last_cancel, going_on)) AS again,
        arrayExists(f -> (f.1, f.2) > last_cancel, going_on) AND was_cancelled
            AND NOT arrayExists(f -> f.3 = 'AcquisitionCompleted' AND (f.1, f.2) <= last_cancel, going_on) AS anew,
        maxIf(happened, step = 'ReportCancelled') AS report_withdrawn,
        maxIf(happened, step = 'AppointmentCancelled') AS appointment_withdrawn,
        argMaxIf(JSONExtractString(payload, 'priority'), (occurred_us, id),
            JSONExtractString(payload, 'priority') != '') AS priority
    FROM facts
    WHERE step NOT IN {aside:Array(String)}
    GROUP BY exam_id
),
counted AS (
    SELECT
        exam_id,
        priority,
        arrayFilter(r ->
            (r.1 NOT IN {of_report:Array(String)} OR r.2 > report_withdrawn)
            AND (r.1 != 'scheduled' OR r.2 > appointment_withdrawn)
            AND NOT (anew AND again.3 = 'AcquisitionStarted' AND r.1 = 'started' AND r.2 <= last_cancel)
            AND NOT (anew AND again.3 NOT IN ('AcquisitionStarted', 'AcquisitionCompleted')
                AND r.1 IN {of_attempt:Array(String)} AND r.2 <= (again.1, again.2 - 1)),
            reasons) AS standing,
        arrayMap(r -> (r.1, r.2.2), arrayFilter(r -> r.3, reasons)) AS misdated
    FROM own
),
points AS (
    SELECT exam_id, priority, misdated, point.1 AS milestone, point.2 AS at_us
    FROM (
        SELECT exam_id, priority, misdated,
            arrayConcat(arrayMap(r -> (r.1, r.2.1), standing), reconciled.points) AS all_points
        FROM counted LEFT JOIN reconciled USING (exam_id)
    )
    ARRAY JOIN all_points AS point
    WHERE NOT (milestone = 'study_stored' AND exam_id IN open_again)
),
spans AS (
    SELECT exam_id, any(priority) AS priority, any(misdated) AS misdated,
        groupArray((milestone, first_us, last_us)) AS reached
    FROM (
        SELECT exam_id, any(priority) AS priority, any(misdated) AS misdated, milestone,
            min(at_us) AS first_us, max(at_us) AS last_us
        FROM points GROUP BY exam_id, milestone
    )
    GROUP BY exam_id
),
milestones AS (
    SELECT
        exam_id,
        priority,
        CAST(arrayMap(m -> (m.1, (m.2, m.3)), reached), 'Map(String, Tuple(Int64, Int64))') AS spans,
        arrayConcat(
            arrayFlatten(arrayMap(p -> [p.1, p.2], arrayFilter(
                p -> mapContains(spans, p.1) AND mapContains(spans, p.2)
                    AND spans[p.1].1 - spans[p.2].1 > {bound_us:Int64},
                arrayZip({earlier:Array(String)}, {later:Array(String)})))),
            arrayMap(m -> m.1, arrayFilter(m -> mapContains(spans, m.1) AND m.2 IN (spans[m.1].1, spans[m.1].2), misdated))
        ) AS faulty,
        arrayMin(arrayMap(m -> (m.2, m.3, m.1), arrayFilter(m -> m.1 IN ('dictated', 'preliminary', 'final'), reached))) AS result,
        arrayExists(m -> m.1 IN ('dictated', 'preliminary', 'final'), reached) AS has_result,
        if(has_result, mapUpdate(spans, map('result', (result.1, result.2))), spans) AS found,
        if(has(faulty, result.3), arrayPushBack(faulty, 'result'), faulty) AS doubtful
    FROM spans
),
expected AS (
    SELECT
        exam_id,
        spec.1 AS interval,
        found[spec.2].1 AS start_us,
        if(spec.5 = 'last', found[spec.3].2, found[spec.3].1) AS end_us,
        multiIf(has(doubtful, spec.2) OR has(doubtful, spec.3), 'clock_fault', end_us < start_us, 'end_before_start', '')
            AS reason
    FROM milestones
    ARRAY JOIN arrayZip({intervals:Array(String)}, {starts:Array(String)}, {ends:Array(String)},
        {priorities:Array(String)}, {which:Array(String)}) AS spec
    WHERE mapContains(found, spec.2) AND mapContains(found, spec.3) AND spec.4 IN ('', priority)
)
SELECT exam_id, interval, start_us, end_us, reason FROM expected
