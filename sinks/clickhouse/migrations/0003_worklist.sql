-- The worklist, one row per exam: the latest that the fold said of it.
CREATE TABLE IF NOT EXISTS worklist
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
    study_instance_uid String COMMENT 'StudyInstanceUID (0020,000D), empty where unknown',
    phi_key_id String COMMENT 'Data key that phi_ciphertext is sealed with, empty where there is no PHI',
    phi_nonce String COMMENT 'AES-GCM nonce, 12 raw bytes' CODEC(NONE),
    phi_ciphertext String COMMENT 'Who the patient is: AES-256-GCM bound to phi_event_id, raw bytes' CODEC(NONE),
    phi_event_id Nullable(UUID) COMMENT 'The event that the ciphertext is bound to',
    stage LowCardinality(String) COMMENT 'unmatched, ordered, scheduled, arrived, in_progress, acquired, stored, dictated, preliminary, final, cancelled',
    stage_since_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the exam entered its stage',
    ordered_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Order placed',
    scheduled_at Nullable(DateTime64(6, 'UTC')) COMMENT 'The appointed time, the latest that was said',
    arrived_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Patient arrived',
    started_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Acquisition started',
    completed_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Acquisition completed',
    first_image_at Nullable(DateTime64(6, 'UTC')) COMMENT 'First image stored',
    stored_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Images stored',
    dictated_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Report dictated',
    preliminary_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Preliminary report published',
    final_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Final report published',
    corrected_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Report corrected',
    cancelled_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Order cancelled or acquisition discontinued',
    series_count UInt32 COMMENT 'Series in the archive',
    instance_count UInt32 COMMENT 'Images in the archive',
    unmatched Bool COMMENT 'Images stand here without an order',
    event_count UInt32 COMMENT 'Events of the exam that the row was made from',
    last_occurred_at DateTime64(6, 'UTC') COMMENT 'The latest occurred_at among them',
    last_recorded_at DateTime64(6, 'UTC') COMMENT 'The latest recorded_at among them',
    version UInt64 COMMENT 'Kafka offset of the row: the highest counts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY exam_id
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Each exam as it stands; read it through v_worklist';

CREATE OR REPLACE VIEW v_worklist AS SELECT * EXCEPT (version) FROM worklist FINAL;
