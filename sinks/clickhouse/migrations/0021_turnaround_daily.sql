-- What ended on each day of a zone, value by value: years at once (figures: docs/benchmarks.md).
--
-- Counted anew by the day as turnaround_hourly is by the hour (sinks/clickhouse/daily.py). Days are those of a zone's
-- clock, with days of 23 and 25 hours; each zone in which a site counts has its own.
CREATE TABLE IF NOT EXISTS turnaround_daily
(
    zone LowCardinality(String) COMMENT 'Time zone whose days these are (IANA)',
    interval LowCardinality(String) COMMENT 'Name of the interval, as in docs/intervals.md',
    day Date COMMENT 'The day on which it ended, by the clock of the zone' CODEC(Delta, ZSTD(1)),
    modality LowCardinality(String) COMMENT 'Modality (0008,0060), empty where unknown',
    priority LowCardinality(String) COMMENT 'STAT, ASAP, ROUTINE, ... (HL7 table 0485), empty where unknown',
    patient_class LowCardinality(String) COMMENT 'E, I, O, P, R, ... (HL7 table 0004), empty where unknown',
    site LowCardinality(String) COMMENT 'Site code',
    exams UInt64 COMMENT 'Exams whose interval was measured' CODEC(T64, ZSTD(1)),
    excluded UInt64 COMMENT 'Exams whose interval is not measured though both ends are known' CODEC(T64, ZSTD(1)),
    seconds_sum Float64 COMMENT 'Sum of what was measured, in seconds' CODEC(ZSTD(1)),
    seconds Array(Float32) COMMENT 'What was measured, one value for each exam, in seconds: quantilesExactInclusiveArray(0.5, 0.9)(seconds)' CODEC(ZSTD(1)),
    hours_of_day Array(UInt8) COMMENT 'The hour of the day in which each of them ended, by the clock of the zone, in the order of seconds' CODEC(Delta, ZSTD(1)),
    version UInt64 COMMENT 'When it was counted, microseconds since 1970: the last count stays' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
PARTITION BY toYear(day)
ORDER BY (zone, interval, day, modality, priority, patient_class, site)
SETTINGS non_replicated_deduplication_window = 1000, index_granularity = 1024
COMMENT 'Intervals by the day; read it through v_turnaround_daily';

ALTER TABLE turnaround_counts MODIFY COLUMN name COMMENT 'hourly, or daily and the zone of the days';

-- Intervals by the day in which they ended, a minute behind v_turnaround. Where sites are in several zones, each exam is
-- in the days of each of them: ask for one zone.
CREATE OR REPLACE VIEW v_turnaround_daily AS
SELECT * EXCEPT (version) FROM turnaround_daily FINAL WHERE exams > 0 OR excluded > 0;
