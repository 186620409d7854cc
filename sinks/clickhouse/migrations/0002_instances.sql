-- The images, one row per InstanceStored event; the rules of 0001_events.sql hold here too.
CREATE TABLE IF NOT EXISTS instances
(
    event_id UUID COMMENT 'UUIDv5 of the image and its content: the same image always gives the same id',
    exam_id String COMMENT 'What it is about: issuer|accession or site|study|StudyInstanceUID',
    event_type LowCardinality(String) COMMENT 'InstanceStored',
    occurred_at DateTime64(6, 'UTC') COMMENT 'When the image became durable' CODEC(Delta, ZSTD(1)),
    recorded_at DateTime64(6, 'UTC') COMMENT 'When we learned of it' CODEC(Delta, ZSTD(1)),
    source_system LowCardinality(String) COMMENT 'Calling AE title',
    source_facility LowCardinality(String) COMMENT 'Empty: DICOM has none',
    source_protocol LowCardinality(String) COMMENT 'DICOM',
    source_message_id String COMMENT 'SOP Instance UID',
    site LowCardinality(String) COMMENT 'Site code',
    swim_code LowCardinality(String) COMMENT 'RadLex SWIM code (RIDnnnnn) of the step',
    patient_key String COMMENT 'Pseudonym of the patient, 64 hexadecimal digits, empty where unknown',
    corrects Nullable(UUID) COMMENT 'event_id that this event retracts',
    accession_number String COMMENT 'Accession number without its issuer, empty where unknown',
    study_instance_uid String COMMENT 'StudyInstanceUID (0020,000D)',
    series_instance_uid String COMMENT 'SeriesInstanceUID (0020,000E)',
    sop_instance_uid String COMMENT 'SOPInstanceUID (0008,0018)',
    sop_class_uid LowCardinality(String) COMMENT 'SOPClassUID (0008,0016)',
    transfer_syntax_uid LowCardinality(String) COMMENT 'Transfer syntax as received and stored',
    modality LowCardinality(String) COMMENT 'Modality (0008,0060), empty where unknown',
    size_bytes UInt64 COMMENT 'Size of the stored object',
    sha256 String COMMENT 'SHA-256 of the stored object, 64 hexadecimal digits',
    object_key String COMMENT 'Key of the object in the image bucket',
    calling_ae_title LowCardinality(String) COMMENT 'Who sent it',
    acquired_at Nullable(DateTime64(6, 'UTC')) COMMENT 'AcquisitionDateTime or the nearest that the image has',
    phi_key_id String COMMENT 'Data key that phi_ciphertext is sealed with, empty where there is no PHI',
    phi_nonce String COMMENT 'AES-GCM nonce, 12 raw bytes' CODEC(NONE),
    phi_ciphertext String COMMENT 'Who the patient is: AES-256-GCM bound to event_id, raw bytes' CODEC(NONE),
    kafka_topic LowCardinality(String) COMMENT 'Topic that the row came from',
    kafka_partition UInt16 COMMENT 'Partition of the topic',
    kafka_offset UInt64 COMMENT 'Offset in the partition' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT '2^64-1 minus kafka_offset: of two copies of an event the first stays' CODEC(Delta, ZSTD(1)),
    INDEX occurred_at_range occurred_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (exam_id, event_id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every image that reached the archive; read it through v_instances';

CREATE OR REPLACE VIEW v_instances AS SELECT * EXCEPT (version) FROM instances FINAL;
