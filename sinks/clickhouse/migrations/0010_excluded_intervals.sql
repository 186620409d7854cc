-- Intervals whose two ends are known and that are not measured all the same: with the reason, docs/intervals.md.
ALTER TABLE turnaround_exams
    ADD COLUMN IF NOT EXISTS excluded_names Array(LowCardinality(String)) COMMENT 'Names of the intervals that are not measured though both ends are known' AFTER interval_seconds,
    ADD COLUMN IF NOT EXISTS excluded_reasons Array(LowCardinality(String)) COMMENT 'Why: end_before_start or clock_fault, in the order of excluded_names' AFTER excluded_names,
    ADD COLUMN IF NOT EXISTS excluded_starts Array(DateTime64(6, 'UTC')) COMMENT 'Start as it was said, in the order of excluded_names' AFTER excluded_reasons,
    ADD COLUMN IF NOT EXISTS excluded_ends Array(DateTime64(6, 'UTC')) COMMENT 'End as it was said, in the order of excluded_names' AFTER excluded_starts,
    ADD COLUMN IF NOT EXISTS clock_faults Array(LowCardinality(String)) COMMENT 'What cannot be right, as final<completed or arrived>recorded' AFTER excluded_ends;

-- One row per exam and interval that is not measured.
CREATE OR REPLACE VIEW v_turnaround_excluded AS
SELECT
    exam_id,
    interval,
    reason,
    start_at,
    end_at,
    clock_faults,
    accession_number,
    site,
    modality,
    priority,
    patient_class,
    location,
    last_recorded_at
FROM turnaround_exams FINAL
ARRAY JOIN
    excluded_names AS interval,
    excluded_reasons AS reason,
    excluded_starts AS start_at,
    excluded_ends AS end_at;
