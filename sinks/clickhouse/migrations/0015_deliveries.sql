-- How often each event came: a row for every place in Kafka that it stands at. In events and instances one copy
-- stays; what was delivered twice can be counted here only. The sink may insert a place again: it is the same row.
CREATE TABLE IF NOT EXISTS deliveries
(
    exam_id String COMMENT 'What the event is about' CODEC(ZSTD(1)),
    event_id UUID COMMENT 'The event',
    kafka_partition UInt16 COMMENT 'Partition of its topic',
    kafka_offset UInt64 COMMENT 'Offset in the partition' CODEC(Delta, ZSTD(1)),
    recorded_at DateTime64(6, 'UTC') COMMENT 'When we learned of this copy' CODEC(Delta, ZSTD(1)),
    INDEX recorded_at_range recorded_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree(recorded_at)
ORDER BY (exam_id, event_id, kafka_partition, kafka_offset)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'Every copy of every event; read it through v_deliveries';

CREATE MATERIALIZED VIEW IF NOT EXISTS deliveries_from_events TO deliveries AS
SELECT exam_id, event_id, kafka_partition, kafka_offset, recorded_at FROM events;

CREATE MATERIALIZED VIEW IF NOT EXISTS deliveries_from_instances TO deliveries AS
SELECT exam_id, event_id, kafka_partition, kafka_offset, recorded_at FROM instances;

-- What was there before the views were. Of an event that came twice before that, one copy or both are left.
INSERT INTO deliveries
SELECT exam_id, event_id, kafka_partition, kafka_offset, recorded_at FROM events;

INSERT INTO deliveries
SELECT exam_id, event_id, kafka_partition, kafka_offset, recorded_at FROM instances;

-- One row per event: how often it was delivered. More than once, and its source repeats itself.
CREATE OR REPLACE VIEW v_deliveries AS
SELECT
    exam_id,
    event_id,
    uniqExact(kafka_partition, kafka_offset) AS deliveries,
    min(d.recorded_at) AS first_recorded_at,
    max(d.recorded_at) AS last_recorded_at
FROM deliveries AS d
GROUP BY exam_id, event_id;
