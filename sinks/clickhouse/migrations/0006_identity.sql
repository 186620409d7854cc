-- What became of an exam's identity: reconciled, merged, doubtful, erased.
ALTER TABLE worklist
    ADD COLUMN IF NOT EXISTS reconciled_into String COMMENT 'exam_id that the images belong to, empty while they are on their own' AFTER last_recorded_at,
    ADD COLUMN IF NOT EXISTS reconciled_from_count UInt32 COMMENT 'How many other exam_ids have images that belong to this exam' AFTER reconciled_into,
    ADD COLUMN IF NOT EXISTS unreconciled Bool COMMENT 'Someone took the reconciliation back: only people reconcile it now' AFTER reconciled_from_count,
    ADD COLUMN IF NOT EXISTS patient_mismatch Bool COMMENT 'Images and order name two patients' AFTER unreconciled,
    ADD COLUMN IF NOT EXISTS accession_reused Bool COMMENT 'Orders, visits or reports name two patients; patient_key is the first order''s' AFTER patient_mismatch,
    ADD COLUMN IF NOT EXISTS patient_erased_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the keys of a patient of this exam were destroyed' AFTER accession_reused;

ALTER TABLE worklist
    MODIFY COLUMN stage LowCardinality(String) COMMENT 'unmatched, ordered, scheduled, arrived, in_progress, acquired, stored, dictated, preliminary, final, cancelled, reconciled';

-- The columns of a view are those of the day it was made.
CREATE OR REPLACE VIEW v_worklist AS SELECT * EXCEPT (version) FROM worklist FINAL;
