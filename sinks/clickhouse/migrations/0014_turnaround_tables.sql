-- One row per exam and interval, ordered by interval: a question on one interval reads only its rows.
--
-- An exam's row states all of its intervals, so every version of it writes a row for each interval that there is:
-- one that it does not have is marked as deleted. Whatever order versions come in, and however often, the highest
-- version of an exam decides on all of its rows, and none is left over.
-- A new interval needs a migration with the longer list (a test says so).
CREATE TABLE IF NOT EXISTS turnaround
(
    interval LowCardinality(String) COMMENT 'Name of the interval, as in docs/intervals.md',
    exam_id String COMMENT 'The exam' CODEC(ZSTD(1)),
    start_at DateTime64(6, 'UTC') COMMENT 'Start of the interval' CODEC(Delta, ZSTD(1)),
    end_at DateTime64(6, 'UTC') COMMENT 'End of the interval' CODEC(Delta, ZSTD(1)),
    seconds Float64 COMMENT 'End minus start in seconds; 0 where excluded_reason says why it is not measured' CODEC(ZSTD(1)),
    excluded_reason LowCardinality(String) COMMENT 'Why it is not measured: end_before_start or clock_fault; empty where it is',
    accession_number String COMMENT 'Accession number without its issuer, empty where unknown' CODEC(ZSTD(1)),
    site LowCardinality(String) COMMENT 'Site code',
    modality LowCardinality(String) COMMENT 'Modality (0008,0060), empty where unknown',
    procedure_code LowCardinality(String) COMMENT 'The procedure as the site codes it (OBR-4.1), empty where unknown',
    procedure_name LowCardinality(String) COMMENT 'Name of the procedure (OBR-4.2), empty where unknown',
    priority LowCardinality(String) COMMENT 'STAT, ASAP, ROUTINE, ... (HL7 table 0485), empty where unknown',
    patient_class LowCardinality(String) COMMENT 'E, I, O, P, R, ... (HL7 table 0004), empty where unknown',
    location LowCardinality(String) COMMENT 'Point of care (PV1-3), empty where unknown',
    station_ae_title LowCardinality(String) COMMENT 'Scanner, by its AE title, as last said, empty where unknown',
    reader LowCardinality(String) COMMENT 'Who opened, read or reported it last, pseudonym, empty where unknown',
    last_recorded_at DateTime64(6, 'UTC') COMMENT 'The latest recorded_at of the exam''s events' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT 'Kafka offset of the exam''s row: the highest counts' CODEC(Delta, ZSTD(1)),
    is_deleted UInt8 COMMENT '1 where this version of the exam does not have the interval',
    INDEX end_at_range end_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (interval, exam_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'The intervals of each exam; read it through v_turnaround';

-- The hours in which any version of an exam ever ended an interval: what has to be counted anew when it changes.
CREATE TABLE IF NOT EXISTS turnaround_hours
(
    exam_id String COMMENT 'The exam',
    hour DateTime('UTC') COMMENT 'An hour in which an interval of it ended, in any version; 1970 stands in every version',
    touched_at DateTime64(6, 'UTC') COMMENT 'When a version that says so last came' CODEC(Delta, ZSTD(1)),
    INDEX touched_at_range touched_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(touched_at)
ORDER BY (exam_id, hour)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Which hours of turnaround_hourly an exam concerns';

-- What ended in each hour. The sink counts the hours of the exams that changed anew, as a whole, from turnaround:
-- a row that was replaced is never counted twice.
CREATE TABLE IF NOT EXISTS turnaround_hourly
(
    interval LowCardinality(String) COMMENT 'Name of the interval, as in docs/intervals.md',
    hour DateTime('UTC') COMMENT 'The hour in which it ended' CODEC(Delta, ZSTD(1)),
    modality LowCardinality(String) COMMENT 'Modality (0008,0060), empty where unknown',
    priority LowCardinality(String) COMMENT 'STAT, ASAP, ROUTINE, ... (HL7 table 0485), empty where unknown',
    patient_class LowCardinality(String) COMMENT 'E, I, O, P, R, ... (HL7 table 0004), empty where unknown',
    site LowCardinality(String) COMMENT 'Site code',
    exams UInt64 COMMENT 'Exams whose interval was measured' CODEC(T64, ZSTD(1)),
    excluded UInt64 COMMENT 'Exams whose interval is not measured though both ends are known' CODEC(T64, ZSTD(1)),
    seconds_sum Float64 COMMENT 'Sum of what was measured, in seconds' CODEC(ZSTD(1)),
    digest AggregateFunction(quantilesTDigest(0.25, 0.5, 0.75, 0.9, 0.95), Float64) COMMENT 'What was measured, as a t-digest: quantilesTDigestMerge(0.25, 0.5, 0.75, 0.9, 0.95)(digest)' CODEC(ZSTD(1)),
    version UInt64 COMMENT 'When it was counted, microseconds since 1970: the last count stays' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (interval, hour, modality, priority, patient_class, site)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Intervals by the hour; read it through v_turnaround_hourly';

-- Up to when changes are in turnaround_hourly.
CREATE TABLE IF NOT EXISTS turnaround_counts
(
    name LowCardinality(String) COMMENT 'hourly',
    counted_at DateTime64(6, 'UTC') COMMENT 'What was there before is counted',
    version UInt64 COMMENT 'counted_at in microseconds since 1970: the highest counts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY name
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Up to when turnaround_hourly is counted';

CREATE MATERIALIZED VIEW IF NOT EXISTS turnaround_from_exams TO turnaround AS
SELECT
    interval,
    exam_id,
    if(measured > 0, interval_starts[measured], excluded_starts[unmeasured]) AS start_at,
    if(measured > 0, interval_ends[measured], excluded_ends[unmeasured]) AS end_at,
    interval_seconds[measured] AS seconds,
    excluded_reasons[unmeasured] AS excluded_reason,
    accession_number,
    site,
    modality,
    procedure_code,
    procedure_name,
    priority,
    patient_class,
    location,
    station_ae_title,
    reader,
    last_recorded_at,
    version,
    measured = 0 AND unmeasured = 0 AS is_deleted
FROM (
    SELECT *, interval, indexOf(interval_names, interval) AS measured, indexOf(excluded_names, interval) AS unmeasured
    FROM turnaround_exams
    ARRAY JOIN arrayDistinct(arrayConcat(
        [
            'report_turnaround', 'order_to_final', 'arrival_to_final', 'order_to_completed',
            'order_to_protocol', 'order_to_scheduled', 'order_to_arrival', 'order_to_start',
            'stat_order_to_start', 'arrival_to_start', 'arrival_to_ready', 'ready_to_start',
            'acquisition', 'room', 'completion_to_stored', 'completion_to_study_stored',
            'study_stored_to_committed', 'analysis', 'completion_to_analysed', 'completion_to_opened',
            'completion_to_interpretation', 'interpretation', 'dictation', 'completion_to_preliminary',
            'dictated_to_preliminary', 'dictated_to_final', 'preliminary_to_final',
            'final_to_delivered', 'final_to_viewed', 'final_to_acknowledged', 'critical_notification',
            'critical_attempt_to_notified', 'critical_acknowledgement'
        ],
        interval_names,
        excluded_names
    )) AS interval
);

CREATE MATERIALIZED VIEW IF NOT EXISTS turnaround_hours_from_exams TO turnaround_hours AS
SELECT
    exam_id,
    arrayJoin(arrayDistinct(arrayMap(end_at -> toStartOfHour(end_at), arrayConcat([toDateTime64(0, 6, 'UTC')], interval_ends, excluded_ends)))) AS hour,
    now64(6, 'UTC') AS touched_at
FROM turnaround_exams;

-- What was there before the views were.
INSERT INTO turnaround
SELECT
    interval,
    exam_id,
    if(measured > 0, interval_starts[measured], excluded_starts[unmeasured]) AS start_at,
    if(measured > 0, interval_ends[measured], excluded_ends[unmeasured]) AS end_at,
    interval_seconds[measured] AS seconds,
    excluded_reasons[unmeasured] AS excluded_reason,
    accession_number,
    site,
    modality,
    procedure_code,
    procedure_name,
    priority,
    patient_class,
    location,
    station_ae_title,
    reader,
    last_recorded_at,
    version,
    measured = 0 AND unmeasured = 0 AS is_deleted
FROM (
    SELECT *, interval, indexOf(interval_names, interval) AS measured, indexOf(excluded_names, interval) AS unmeasured
    FROM turnaround_exams FINAL
    ARRAY JOIN arrayDistinct(arrayConcat(
        [
            'report_turnaround', 'order_to_final', 'arrival_to_final', 'order_to_completed',
            'order_to_protocol', 'order_to_scheduled', 'order_to_arrival', 'order_to_start',
            'stat_order_to_start', 'arrival_to_start', 'arrival_to_ready', 'ready_to_start',
            'acquisition', 'room', 'completion_to_stored', 'completion_to_study_stored',
            'study_stored_to_committed', 'analysis', 'completion_to_analysed', 'completion_to_opened',
            'completion_to_interpretation', 'interpretation', 'dictation', 'completion_to_preliminary',
            'dictated_to_preliminary', 'dictated_to_final', 'preliminary_to_final',
            'final_to_delivered', 'final_to_viewed', 'final_to_acknowledged', 'critical_notification',
            'critical_attempt_to_notified', 'critical_acknowledgement'
        ],
        interval_names,
        excluded_names
    )) AS interval
);

INSERT INTO turnaround_hours
SELECT
    exam_id,
    arrayJoin(arrayDistinct(arrayMap(end_at -> toStartOfHour(end_at), arrayConcat([toDateTime64(0, 6, 'UTC')], interval_ends, excluded_ends)))) AS hour,
    now64(6, 'UTC') AS touched_at
FROM turnaround_exams;

-- One row per exam and interval whose two ends are known. Where it is not measured, seconds and minutes are NULL.
CREATE OR REPLACE VIEW v_turnaround AS
SELECT
    exam_id,
    interval,
    start_at,
    end_at,
    if(excluded_reason = '', seconds, NULL) AS seconds,
    seconds / 60 AS minutes,
    * EXCEPT (exam_id, interval, start_at, end_at, seconds, version, is_deleted)
FROM turnaround FINAL;

-- Intervals by the hour in which they ended (UTC), a few seconds behind v_turnaround. The digest gives the
-- percentiles of any group of hours: quantilesTDigestMerge(0.25, 0.5, 0.75, 0.9, 0.95)(digest), with just these levels.
CREATE OR REPLACE VIEW v_turnaround_hourly AS
SELECT * EXCEPT (version) FROM turnaround_hourly FINAL WHERE exams > 0 OR excluded > 0;
