-- The log as rows, one per event.
--
-- An event that was sent twice stands at two offsets of one Kafka partition, for both have one exam_id.
-- The first copy stays (version): its recorded_at tells when we learned of it, which as-of questions need.
--
-- No partitions by time: a MergeTree never merges over partitions, and the copies of an image that is sent
-- again a month later differ in occurred_at. The minmax index skips what lies outside of a time range;
-- exam ids grow with time as accession numbers do, so it works well.
CREATE TABLE IF NOT EXISTS events
(
    event_id UUID COMMENT 'UUIDv5 of the source message and the step: the same message always gives the same id',
    exam_id String COMMENT 'What it is about: issuer|accession, site|study|StudyInstanceUID, or patient|patient_key',
    event_type LowCardinality(String) COMMENT 'Name of the event: OrderPlaced, AcquisitionCompleted, ...',
    occurred_at DateTime64(6, 'UTC') COMMENT 'When it happened, by the clock of the source' CODEC(Delta, ZSTD(1)),
    recorded_at DateTime64(6, 'UTC') COMMENT 'When we learned of it' CODEC(Delta, ZSTD(1)),
    source_system LowCardinality(String) COMMENT 'Sending application (HL7 MSH-3) or calling AE title (DICOM)',
    source_facility LowCardinality(String) COMMENT 'Sending facility (HL7 MSH-4), empty where the protocol has none',
    source_protocol LowCardinality(String) COMMENT 'HL7v2, DICOM, or radstream for what is derived',
    source_message_id String COMMENT 'HL7 MSH-10, SOP Instance UID, or the id of the event that caused it',
    site LowCardinality(String) COMMENT 'Site code',
    swim_code LowCardinality(String) COMMENT 'RadLex SWIM code (RIDnnnnn) of the step, empty where the lexicon has none',
    patient_key String COMMENT 'Pseudonym of the patient, 64 hexadecimal digits, empty where unknown',
    corrects Nullable(UUID) COMMENT 'event_id that this event retracts',
    payload String COMMENT 'JSON object of the fields that only this kind of event has' CODEC(ZSTD(1)),
    phi_key_id String COMMENT 'Data key that phi_ciphertext is sealed with, empty where there is no PHI',
    phi_nonce String COMMENT 'AES-GCM nonce, 12 raw bytes' CODEC(NONE),
    phi_ciphertext String COMMENT 'Who the patient is, and free text: AES-256-GCM bound to event_id, raw bytes' CODEC(NONE),
    kafka_topic LowCardinality(String) COMMENT 'Topic that the row came from',
    kafka_partition UInt16 COMMENT 'Partition of the topic',
    kafka_offset UInt64 COMMENT 'Offset in the partition' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT '2^64-1 minus kafka_offset: of two copies of an event the first stays' CODEC(Delta, ZSTD(1)),
    INDEX occurred_at_range occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (exam_id, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every event of the log but those of single images (see instances); read it through v_events';

-- One row per event, whatever was delivered twice.
CREATE OR REPLACE VIEW v_events AS SELECT * EXCEPT (version) FROM events FINAL;
