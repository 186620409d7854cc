-- Who read an exam and on which scanner, and the views that analysts and pages build on: v_exams, v_turnaround,
-- v_turnaround_hourly, v_events, v_alerts. Their names and columns stay.
ALTER TABLE turnaround_exams
    ADD COLUMN IF NOT EXISTS station_ae_title LowCardinality(String) COMMENT 'Scanner, by its AE title, as last said, empty where unknown' AFTER clock_faults,
    ADD COLUMN IF NOT EXISTS reader LowCardinality(String) COMMENT 'Who opened, read or reported it last, pseudonym, empty where unknown' AFTER station_ae_title;

-- Each exam as it stands, without ciphertext.
CREATE OR REPLACE VIEW v_exams AS
SELECT * EXCEPT (version, phi_key_id, phi_nonce, phi_ciphertext, phi_event_id) FROM worklist FINAL;

-- One row per exam and interval whose two ends are known. Where it is not measured, seconds and minutes are NULL.
CREATE OR REPLACE VIEW v_turnaround AS
SELECT
    exam_id,
    interval,
    start_at,
    end_at,
    seconds,
    seconds / 60 AS minutes,
    excluded_reason,
    accession_number,
    site,
    patient_key,
    modality,
    procedure_code,
    procedure_name,
    priority,
    patient_class,
    location,
    station_ae_title,
    reader,
    last_recorded_at
FROM turnaround_exams FINAL
ARRAY JOIN
    arrayConcat(interval_names, excluded_names) AS interval,
    arrayConcat(interval_starts, excluded_starts) AS start_at,
    arrayConcat(interval_ends, excluded_ends) AS end_at,
    arrayConcat(CAST(interval_seconds, 'Array(Nullable(Float64))'), arrayResize(CAST([], 'Array(Nullable(Float64))'), length(excluded_names), NULL)) AS seconds,
    arrayConcat(arrayResize(CAST([], 'Array(LowCardinality(String))'), length(interval_names)), excluded_reasons) AS excluded_reason;

-- What ended in each hour (UTC): how many were measured, and a digest that gives the percentiles of any group of
-- hours: quantilesTDigestMerge(0.25, 0.5, 0.75, 0.9, 0.95)(digest), with just these five levels.
CREATE OR REPLACE VIEW v_turnaround_hourly AS
SELECT
    interval,
    toStartOfHour(end_at) AS hour,
    modality,
    priority,
    patient_class,
    site,
    count(seconds) AS exams,
    countIf(excluded_reason != '') AS excluded,
    ifNull(sum(seconds), 0) AS seconds_sum,
    quantilesTDigestStateIf(0.25, 0.5, 0.75, 0.9, 0.95)(assumeNotNull(seconds), seconds IS NOT NULL) AS digest
FROM v_turnaround
GROUP BY interval, hour, modality, priority, patient_class, site;
