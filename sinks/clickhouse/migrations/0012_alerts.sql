-- What is about to miss its target, and what has: the latest state of each alert.
CREATE TABLE IF NOT EXISTS alerts
(
    alert_id UUID COMMENT 'One for each exam, interval and version of the targets',
    exam_id String COMMENT 'The exam',
    accession_number String COMMENT 'Accession number without its issuer, empty where unknown',
    site LowCardinality(String) COMMENT 'Site code',
    modality LowCardinality(String) COMMENT 'Modality (0008,0060), empty where unknown',
    procedure_name LowCardinality(String) COMMENT 'Name of the procedure (OBR-4.2), empty where unknown',
    priority LowCardinality(String) COMMENT 'STAT, ASAP, ROUTINE, ... (HL7 table 0485), empty where unknown',
    patient_class LowCardinality(String) COMMENT 'E, I, O, P, R, ... (HL7 table 0004), empty where unknown',
    location LowCardinality(String) COMMENT 'Point of care (PV1-3), empty where unknown',
    interval LowCardinality(String) COMMENT 'Name of the interval, as in docs/intervals.md',
    state LowCardinality(String) COMMENT 'open, warned, breached, met, resolved or withdrawn',
    start_at DateTime64(6, 'UTC') COMMENT 'Start of the interval',
    warn_at DateTime64(6, 'UTC') COMMENT 'When it is warned of',
    due_at DateTime64(6, 'UTC') COMMENT 'When the interval has to have ended',
    breached_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it missed its target, NULL where it did not',
    closed_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it ended, NULL while it has not',
    closed_by LowCardinality(String) COMMENT 'Milestone that ended it, empty while there is none',
    targets_sha256 String COMMENT 'Version of the targets that it is judged by',
    due_s UInt32 COMMENT 'The target in seconds',
    said_at DateTime64(6, 'UTC') COMMENT 'When the row was made',
    version UInt64 COMMENT 'Kafka offset of the row: the highest counts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY alert_id
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Alerts, a row each; read them through v_alerts';

CREATE OR REPLACE VIEW v_alerts AS
SELECT * EXCEPT (version) FROM alerts FINAL;
