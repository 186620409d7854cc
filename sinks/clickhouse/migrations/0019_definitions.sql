-- What the names in other tables mean. The sink writes these at its start, and makes dictionaries of them
-- (sites, intervals, targets: sinks/clickhouse/definitions.py).
CREATE TABLE IF NOT EXISTS site_definitions
(
    site String COMMENT 'Site code, as in every event',
    zone String COMMENT 'Time zone in which the site counts days and hours (IANA)',
    version UInt64 COMMENT 'When it was written, microseconds since 1970: the highest counts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY site
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'The sites that this installation is configured for; read it through v_sites';

CREATE TABLE IF NOT EXISTS interval_definitions
(
    interval String COMMENT 'Name of the interval',
    place UInt16 COMMENT 'Its place in docs/intervals.md: in the order of an exam''s way',
    phase String COMMENT 'Part of the way that it belongs to',
    label String COMMENT 'As pages show it: start and end',
    meaning String COMMENT 'What it tells',
    start_milestone String COMMENT 'Milestone that it starts at, the first time that it is reached',
    end_milestone String COMMENT 'Milestone that it ends at',
    to_last Bool COMMENT 'Whether it ends at the last time that its end is reached, not the first',
    priority String COMMENT 'It is measured for exams with this priority only, empty: for all',
    swim_code String COMMENT 'The RadLex SWIM metric that it is, empty where the lexicon has none',
    version UInt64 COMMENT 'When it was written, microseconds since 1970: the highest counts'
)
ENGINE = ReplacingMergeTree(version)
ORDER BY interval
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'The intervals of this version of radstream; read it through v_intervals';

CREATE OR REPLACE VIEW v_sites AS SELECT * EXCEPT (version) FROM site_definitions FINAL;

CREATE OR REPLACE VIEW v_intervals AS SELECT * EXCEPT (version) FROM interval_definitions FINAL ORDER BY place;

-- The targets in force: those that were published last. Of each interval the first one that fits an exam counts.
CREATE OR REPLACE VIEW v_targets AS
SELECT
    interval,
    place,
    modality,
    priority,
    patient_class,
    site,
    due_s,
    warn_before_s,
    in_force_at,
    targets_sha256
FROM (
    SELECT
        occurred_at AS in_force_at,
        JSONExtractString(payload, 'targets_sha256') AS targets_sha256,
        JSONExtractArrayRaw(payload, 'targets') AS published
    FROM events FINAL
    WHERE event_type = 'TargetsPublished'
    ORDER BY occurred_at DESC, recorded_at DESC
    LIMIT 1
)
ARRAY JOIN
    arrayEnumerate(published) AS place,
    arrayMap(one -> JSONExtractString(one, 'interval'), published) AS interval,
    arrayMap(one -> JSONExtractString(one, 'modality'), published) AS modality,
    arrayMap(one -> JSONExtractString(one, 'priority'), published) AS priority,
    arrayMap(one -> JSONExtractString(one, 'patient_class'), published) AS patient_class,
    arrayMap(one -> JSONExtractString(one, 'site'), published) AS site,
    arrayMap(one -> JSONExtractUInt(one, 'due_s'), published) AS due_s,
    arrayMap(one -> JSONExtractUInt(one, 'warn_before_s'), published) AS warn_before_s;
