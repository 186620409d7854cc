-- Which dead letters were driven again and taken. The topic tells in which order a letter was written, resolved
-- and written again (`radstream deadletters list`); of a letter that failed again only its first copy is here.
CREATE TABLE IF NOT EXISTS deadletter_resolutions
(
    dead_letter_id UUID COMMENT 'Which dead letter',
    resolution LowCardinality(String) COMMENT 'What was done: hl7-accepted, dicom-stored, republished, delivered',
    resolved_at DateTime64(6, 'UTC') COMMENT 'When',
    answer LowCardinality(String) COMMENT 'Answer of whom it was sent to, in coded form; empty where nobody answers',
    kafka_topic LowCardinality(String) COMMENT 'Topic that the row came from',
    kafka_partition UInt16 COMMENT 'Partition of the topic',
    kafka_offset UInt64 COMMENT 'Offset in the partition',
    version UInt64 COMMENT 'kafka_offset: the last resolution stays'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY dead_letter_id
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Dead letters that were driven again and taken; read it through v_deadletters';

CREATE OR REPLACE VIEW v_deadletters AS
SELECT
    letters.* EXCEPT (version),
    resolutions.resolution AS resolution,
    if(resolutions.kafka_topic = '', NULL, resolutions.resolved_at) AS resolved_at
FROM deadletters AS letters FINAL
LEFT JOIN deadletter_resolutions AS resolutions FINAL USING (dead_letter_id);
