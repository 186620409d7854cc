-- What could not be processed: what, where and why. The payload stays in the topic, sealed.
CREATE TABLE IF NOT EXISTS deadletters
(
    dead_letter_id UUID COMMENT 'UUIDv5 of origin and payload: the same failure has one id',
    origin LowCardinality(String) COMMENT 'The part that gave up: hl7, dicom, fold, clickhouse',
    reason LowCardinality(String) COMMENT 'Class of the error, for counting',
    detail String COMMENT 'What was wrong, without PHI',
    recorded_at DateTime64(6, 'UTC') COMMENT 'When',
    source_system LowCardinality(String) COMMENT 'Sending application or calling AE title',
    source_facility LowCardinality(String) COMMENT 'Sending facility, empty where the protocol has none',
    source_protocol LowCardinality(String) COMMENT 'HL7v2, DICOM, or radstream for what is derived',
    source_message_id String COMMENT 'Id of the message at its source, empty where it has none',
    content_type LowCardinality(String) COMMENT 'Media type of the payload',
    kafka_topic LowCardinality(String) COMMENT 'Topic that holds the payload',
    kafka_partition UInt16 COMMENT 'Partition of the topic',
    kafka_offset UInt64 COMMENT 'Offset in the partition',
    version UInt64 COMMENT '2^64-1 minus kafka_offset: of two copies the first stays'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY dead_letter_id
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'What could not be processed; read it through v_deadletters';

CREATE OR REPLACE VIEW v_deadletters AS SELECT * EXCEPT (version) FROM deadletters FINAL;
