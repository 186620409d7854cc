-- The scanner that an exam is planned on, or runs on.
ALTER TABLE worklist
    ADD COLUMN IF NOT EXISTS station_ae_title LowCardinality(String) COMMENT 'Scanner, by its AE title, as last said' AFTER patient_erased_at;

-- The columns of a view are those of the day it was made.
CREATE OR REPLACE VIEW v_worklist AS SELECT * EXCEPT (version) FROM worklist FINAL;
