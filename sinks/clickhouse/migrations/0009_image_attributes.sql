-- What queries of other systems ask for of an image.
ALTER TABLE instances
    ADD COLUMN IF NOT EXISTS study_date String COMMENT 'StudyDate (0008,0020), YYYYMMDD on the clock of the site, empty where unknown' AFTER acquired_at,
    ADD COLUMN IF NOT EXISTS study_time String COMMENT 'StudyTime (0008,0030), HHMMSS.FFFFFF as far as it is known' AFTER study_date,
    ADD COLUMN IF NOT EXISTS study_id String COMMENT 'StudyID (0020,0010)' AFTER study_time,
    ADD COLUMN IF NOT EXISTS series_number Nullable(Int32) COMMENT 'SeriesNumber (0020,0011)' AFTER study_id,
    ADD COLUMN IF NOT EXISTS instance_number Nullable(Int32) COMMENT 'InstanceNumber (0020,0013)' AFTER series_number,
    ADD COLUMN IF NOT EXISTS number_of_frames Nullable(Int32) COMMENT 'NumberOfFrames (0028,0008), NULL for a single frame' AFTER instance_number,
    ADD COLUMN IF NOT EXISTS rows Nullable(Int32) COMMENT 'Rows (0028,0010)' AFTER number_of_frames,
    ADD COLUMN IF NOT EXISTS columns Nullable(Int32) COMMENT 'Columns (0028,0011)' AFTER rows,
    ADD COLUMN IF NOT EXISTS body_part LowCardinality(String) COMMENT 'BodyPartExamined (0018,0015)' AFTER columns;

-- The columns of a view are those of the day it was made.
CREATE OR REPLACE VIEW v_instances AS SELECT * EXCEPT (version) FROM instances FINAL;
