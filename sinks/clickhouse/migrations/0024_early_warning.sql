-- Why and when was warned, and what became of it; since when a forecast says that a target is likely missed.
ALTER TABLE alerts
    ADD COLUMN IF NOT EXISTS warned_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When it was warned of last, NULL where it never was' AFTER said_at,
    ADD COLUMN IF NOT EXISTS taken_back_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When that warning was taken back before the interval was due or over, NULL where it was not' AFTER warned_at,
    ADD COLUMN IF NOT EXISTS warned_by LowCardinality(String) COMMENT 'Version of the model that warned, baseline for the medians of the last weeks, clock where no forecast counted, empty where nothing did' AFTER taken_back_at,
    ADD COLUMN IF NOT EXISTS warned_before_s Nullable(Int32) COMMENT 'How long before it was due it was warned of, in seconds' AFTER warned_by,
    ADD COLUMN IF NOT EXISTS warning_came_true Nullable(Bool) COMMENT 'Whether a warning that stood came true, NULL where nobody knows yet or there was none' AFTER warned_before_s,
    ADD COLUMN IF NOT EXISTS breach_probability Nullable(Float32) COMMENT 'Probability, 0 to 1, to miss the target, by the forecast that was there when it was warned of' AFTER warning_came_true,
    ADD COLUMN IF NOT EXISTS forecast_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When that forecast was made' AFTER breach_probability,
    ADD COLUMN IF NOT EXISTS p10_at Nullable(DateTime64(6, 'UTC')) COMMENT 'One in ten such exams ends the interval before' AFTER forecast_at,
    ADD COLUMN IF NOT EXISTS p50_at Nullable(DateTime64(6, 'UTC')) COMMENT 'One in two ends it before: the median' AFTER p10_at,
    ADD COLUMN IF NOT EXISTS p90_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Nine in ten end it before' AFTER p50_at,
    ADD COLUMN IF NOT EXISTS reasons Array(LowCardinality(String)) COMMENT 'The features that moved the forecast most, the strongest first' AFTER p90_at;

ALTER TABLE predictions
    ADD COLUMN IF NOT EXISTS late_since_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Since when forecasts have said without a break that the target will likely be missed, NULL where they do not' AFTER baseline_probability,
    ADD COLUMN IF NOT EXISTS fallback_reason LowCardinality(String) COMMENT 'Why the medians speak, empty where a model does' AFTER late_since_at;

-- The columns of a view are those of the day it was made.
CREATE OR REPLACE VIEW v_alerts AS
SELECT * EXCEPT (version) FROM alerts FINAL;

CREATE OR REPLACE VIEW v_predictions_made AS SELECT * EXCEPT (version) FROM predictions FINAL;

CREATE OR REPLACE VIEW v_predictions AS
SELECT * EXCEPT (version) FROM predictions FINAL ORDER BY exam_id, milestone, made_at DESC LIMIT 1 BY exam_id, milestone;
