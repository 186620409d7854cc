-- Who drove a dead letter again, or dismissed it.
ALTER TABLE deadletter_resolutions
    MODIFY COLUMN resolution LowCardinality(String) COMMENT 'What was done: hl7-accepted, dicom-stored, republished, delivered, dismissed';

ALTER TABLE deadletter_resolutions
    ADD COLUMN IF NOT EXISTS resolved_by LowCardinality(String) COMMENT 'Who did it, empty where unknown' AFTER answer;

CREATE OR REPLACE VIEW v_deadletters AS
SELECT
    letters.* EXCEPT (version),
    resolutions.resolution AS resolution,
    if(resolutions.kafka_topic = '', NULL, resolutions.resolved_at) AS resolved_at,
    resolutions.resolved_by AS resolved_by
FROM deadletters AS letters FINAL
LEFT JOIN deadletter_resolutions AS resolutions FINAL USING (dead_letter_id);
