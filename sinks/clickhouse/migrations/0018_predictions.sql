-- What was forecast of open exams, each forecast kept: it is shown beside what came of those before it.
CREATE TABLE IF NOT EXISTS predictions
(
    exam_id String COMMENT 'The exam' CODEC(ZSTD(1)),
    milestone LowCardinality(String) COMMENT 'The milestone that is still to come, as in docs/intervals.md',
    made_at DateTime64(6, 'UTC') COMMENT 'When it was forecast; nothing later was known' CODEC(Delta, ZSTD(1)),
    site LowCardinality(String) COMMENT 'Site code',
    modality LowCardinality(String) COMMENT 'Modality (0008,0060), empty where unknown',
    priority LowCardinality(String) COMMENT 'STAT, ASAP, ROUTINE, ... (HL7 table 0485), empty where unknown',
    p10_at DateTime64(6, 'UTC') COMMENT 'One in ten such milestones comes before' CODEC(Delta, ZSTD(1)),
    p50_at DateTime64(6, 'UTC') COMMENT 'One in two comes before: the median' CODEC(Delta, ZSTD(1)),
    p90_at DateTime64(6, 'UTC') COMMENT 'Nine in ten come before' CODEC(Delta, ZSTD(1)),
    interval LowCardinality(String) COMMENT 'Name of the interval that ends with it and has a target, empty where there is none',
    due_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When that interval has to have ended, NULL where there is no target' CODEC(ZSTD(1)),
    breach_probability Nullable(Float32) COMMENT 'Probability, 0 to 1, that it misses its target, NULL where there is none' CODEC(ZSTD(1)),
    reasons Array(LowCardinality(String)) COMMENT 'The features that moved the forecast most, the strongest first',
    model LowCardinality(String) COMMENT 'Name and version of the model that made it',
    version UInt64 COMMENT 'Kafka offset of the row: the highest counts' CODEC(Delta, ZSTD(1)),
    INDEX made_at_range made_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(made_at)
ORDER BY (exam_id, milestone, made_at)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Forecasts of open exams; read the latest through v_predictions, all through v_predictions_made';

CREATE OR REPLACE VIEW v_predictions_made AS SELECT * EXCEPT (version) FROM predictions FINAL;

-- The latest forecast of each milestone of each exam.
CREATE OR REPLACE VIEW v_predictions AS
SELECT * EXCEPT (version) FROM predictions FINAL ORDER BY exam_id, milestone, made_at DESC LIMIT 1 BY exam_id, milestone;
