-- All quantiles of a forecast, and the baseline's: what it is judged against.
ALTER TABLE predictions
    ADD COLUMN IF NOT EXISTS p05_at Nullable(DateTime64(6, 'UTC')) COMMENT 'One in twenty such milestones comes before, NULL in forecasts of older versions' AFTER priority,
    ADD COLUMN IF NOT EXISTS p25_at Nullable(DateTime64(6, 'UTC')) COMMENT 'One in four comes before, NULL in forecasts of older versions' AFTER p10_at,
    ADD COLUMN IF NOT EXISTS p75_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Three in four come before, NULL in forecasts of older versions' AFTER p50_at,
    ADD COLUMN IF NOT EXISTS p95_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Nineteen in twenty come before, NULL in forecasts of older versions' AFTER p90_at,
    ADD COLUMN IF NOT EXISTS baseline_min Array(Float64) COMMENT 'The baseline: minutes from made_at of the same seven quantiles, by what exams like it took in the last weeks; empty where unknown' AFTER model,
    ADD COLUMN IF NOT EXISTS baseline_probability Nullable(Float32) COMMENT 'The breach_probability by the baseline, NULL where there is none' AFTER baseline_min;

ALTER TABLE predictions
    MODIFY COLUMN p05_at CODEC(ZSTD(1)),
    MODIFY COLUMN p25_at CODEC(ZSTD(1)),
    MODIFY COLUMN p75_at CODEC(ZSTD(1)),
    MODIFY COLUMN p95_at CODEC(ZSTD(1)),
    MODIFY COLUMN baseline_min CODEC(ZSTD(1)),
    MODIFY COLUMN baseline_probability CODEC(ZSTD(1));

CREATE OR REPLACE VIEW v_predictions_made AS SELECT * EXCEPT (version) FROM predictions FINAL;

CREATE OR REPLACE VIEW v_predictions AS
SELECT * EXCEPT (version) FROM predictions FINAL ORDER BY exam_id, milestone, made_at DESC LIMIT 1 BY exam_id, milestone;
