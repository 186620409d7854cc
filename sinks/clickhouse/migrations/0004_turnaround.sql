-- The measured intervals, one row per exam with parallel arrays.
--
-- A row per interval would need tombstones: an interval that a retraction takes away is simply missing from
-- the exam's next record, and with batches, crashes and repeats in between nobody could say for sure which
-- rows to delete. One row per exam replaces all of its intervals at once. v_turnaround unfolds them.
CREATE TABLE IF NOT EXISTS turnaround_exams
(
    exam_id String COMMENT 'The exam',
    accession_number String COMMENT 'Accession number without its issuer, empty where unknown',
    site LowCardinality(String) COMMENT 'Site code',
    patient_key String COMMENT 'Pseudonym of the patient, 64 hexadecimal digits, empty where unknown',
    modality LowCardinality(String) COMMENT 'Modality (0008,0060), empty where unknown',
    procedure_code LowCardinality(String) COMMENT 'The procedure as the site codes it (OBR-4.1), empty where unknown',
    procedure_name LowCardinality(String) COMMENT 'Name of the procedure (OBR-4.2), empty where unknown',
    priority LowCardinality(String) COMMENT 'STAT, ASAP, ROUTINE, ... (HL7 table 0485), empty where unknown',
    patient_class LowCardinality(String) COMMENT 'E, I, O, P, R, ... (HL7 table 0004), empty where unknown',
    location LowCardinality(String) COMMENT 'Point of care (PV1-3), empty where unknown',
    interval_names Array(LowCardinality(String)) COMMENT 'Names of the intervals whose two ends are known',
    interval_starts Array(DateTime64(6, 'UTC')) COMMENT 'Start of each, in the order of interval_names',
    interval_ends Array(DateTime64(6, 'UTC')) COMMENT 'End of each, in the order of interval_names',
    interval_seconds Array(Float64) COMMENT 'End minus start of each in seconds, in the order of interval_names',
    event_count UInt32 COMMENT 'Events of the exam that the row was made from',
    last_recorded_at DateTime64(6, 'UTC') COMMENT 'The latest recorded_at among them',
    version UInt64 COMMENT 'Kafka offset of the row: the highest counts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY exam_id
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'The measured intervals of each exam; read it through v_turnaround';

-- One row per exam and interval.
CREATE OR REPLACE VIEW v_turnaround AS
SELECT
    exam_id,
    interval,
    start_at,
    end_at,
    seconds,
    accession_number,
    site,
    patient_key,
    modality,
    procedure_code,
    procedure_name,
    priority,
    patient_class,
    location,
    last_recorded_at
FROM turnaround_exams FINAL
ARRAY JOIN
    interval_names AS interval,
    interval_starts AS start_at,
    interval_ends AS end_at,
    interval_seconds AS seconds;
