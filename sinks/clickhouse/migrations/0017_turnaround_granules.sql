-- The tables of 0014, made anew so that a question reads what it is about (figures: docs/adr/0015-turnaround-tables.md).
--
-- A row that says that an exam does not have an interval lies at the end of what is known of the exam. With a time of its
-- own, 1970, it made every granule reach back to then, and nothing was ever skipped by time.
-- Granules of fewer rows: questions are about days and weeks, and a digest is dear to read.
-- Years apart: an hour never moves to another year, so FINAL merges nothing over years, and old ones rest.
DROP TABLE IF EXISTS turnaround_from_exams;

DROP TABLE IF EXISTS turnaround;

CREATE TABLE IF NOT EXISTS turnaround
(
    interval LowCardinality(String) COMMENT 'Name of the interval, as in docs/intervals.md',
    exam_id String COMMENT 'The exam' CODEC(ZSTD(1)),
    start_at DateTime64(6, 'UTC') COMMENT 'Start of the interval; last_recorded_at where is_deleted' CODEC(Delta, ZSTD(1)),
    end_at DateTime64(6, 'UTC') COMMENT 'End of the interval; last_recorded_at where is_deleted' CODEC(Delta, ZSTD(1)),
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
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 1024
COMMENT 'The intervals of each exam; read it through v_turnaround';

-- The rows of each version of an exam. The arrays are put together first, so that none is copied for each interval.
-- A new interval needs a migration with the longer list (a test says so).
CREATE MATERIALIZED VIEW IF NOT EXISTS turnaround_from_exams TO turnaround AS
SELECT
    interval,
    exam_id,
    start_at,
    end_at,
    seconds,
    excluded_reason,
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
    is_deleted
FROM (
    WITH
        arrayConcat(interval_names, excluded_names) AS known,
        arrayFilter(name -> NOT has(known, name), [
        'report_turnaround', 'order_to_final', 'arrival_to_final', 'order_to_completed',
        'order_to_protocol', 'order_to_scheduled', 'order_to_arrival', 'order_to_start',
        'stat_order_to_start', 'arrival_to_start', 'arrival_to_ready', 'ready_to_start',
        'acquisition', 'room', 'completion_to_stored', 'completion_to_study_stored',
        'study_stored_to_committed', 'analysis', 'completion_to_analysed', 'completion_to_opened',
        'completion_to_interpretation', 'interpretation', 'dictation', 'completion_to_preliminary',
        'dictated_to_preliminary', 'dictated_to_final', 'preliminary_to_final',
        'final_to_delivered', 'final_to_viewed', 'final_to_acknowledged', 'critical_notification',
        'critical_attempt_to_notified', 'critical_acknowledgement'
        ]) AS missing
    SELECT
        * EXCEPT (interval_names, interval_starts, interval_ends, interval_seconds,
            excluded_names, excluded_reasons, excluded_starts, excluded_ends, clock_faults),
        arrayConcat(known, missing) AS intervals,
        arrayConcat(interval_starts, excluded_starts, arrayWithConstant(length(missing), last_recorded_at)) AS starts,
        arrayConcat(interval_ends, excluded_ends, arrayWithConstant(length(missing), last_recorded_at)) AS ends,
        arrayConcat(interval_seconds, arrayWithConstant(length(excluded_names) + length(missing), 0.)) AS lengths,
        arrayConcat(arrayWithConstant(length(interval_names), ''), excluded_reasons,
            arrayWithConstant(length(missing), '')) AS reasons,
        arrayConcat(arrayWithConstant(length(known), 0), arrayWithConstant(length(missing), 1)) AS deleted
    FROM turnaround_exams
)
ARRAY JOIN
    intervals AS interval,
    starts AS start_at,
    ends AS end_at,
    lengths AS seconds,
    reasons AS excluded_reason,
    deleted AS is_deleted;

INSERT INTO turnaround
SELECT
    interval,
    exam_id,
    start_at,
    end_at,
    seconds,
    excluded_reason,
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
    is_deleted
FROM (
    WITH
        arrayConcat(interval_names, excluded_names) AS known,
        arrayFilter(name -> NOT has(known, name), [
        'report_turnaround', 'order_to_final', 'arrival_to_final', 'order_to_completed',
        'order_to_protocol', 'order_to_scheduled', 'order_to_arrival', 'order_to_start',
        'stat_order_to_start', 'arrival_to_start', 'arrival_to_ready', 'ready_to_start',
        'acquisition', 'room', 'completion_to_stored', 'completion_to_study_stored',
        'study_stored_to_committed', 'analysis', 'completion_to_analysed', 'completion_to_opened',
        'completion_to_interpretation', 'interpretation', 'dictation', 'completion_to_preliminary',
        'dictated_to_preliminary', 'dictated_to_final', 'preliminary_to_final',
        'final_to_delivered', 'final_to_viewed', 'final_to_acknowledged', 'critical_notification',
        'critical_attempt_to_notified', 'critical_acknowledgement'
        ]) AS missing
    SELECT
        * EXCEPT (interval_names, interval_starts, interval_ends, interval_seconds,
            excluded_names, excluded_reasons, excluded_starts, excluded_ends, clock_faults),
        arrayConcat(known, missing) AS intervals,
        arrayConcat(interval_starts, excluded_starts, arrayWithConstant(length(missing), last_recorded_at)) AS starts,
        arrayConcat(interval_ends, excluded_ends, arrayWithConstant(length(missing), last_recorded_at)) AS ends,
        arrayConcat(interval_seconds, arrayWithConstant(length(excluded_names) + length(missing), 0.)) AS lengths,
        arrayConcat(arrayWithConstant(length(interval_names), ''), excluded_reasons,
            arrayWithConstant(length(missing), '')) AS reasons,
        arrayConcat(arrayWithConstant(length(known), 0), arrayWithConstant(length(missing), 1)) AS deleted
    FROM turnaround_exams FINAL
)
ARRAY JOIN
    intervals AS interval,
    starts AS start_at,
    ends AS end_at,
    lengths AS seconds,
    reasons AS excluded_reason,
    deleted AS is_deleted;

DROP TABLE IF EXISTS turnaround_hourly;

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
PARTITION BY toYear(hour)
ORDER BY (interval, hour, modality, priority, patient_class, site)
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 256
COMMENT 'Intervals by the hour; read it through v_turnaround_hourly';

-- All hours are counted again.
TRUNCATE TABLE IF EXISTS turnaround_counts;
