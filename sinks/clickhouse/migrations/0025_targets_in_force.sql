-- The targets in force: those that nothing took the place of, whatever the clock showed when they were published. Of each
-- interval the first one that fits an exam counts.
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
      AND toString(event_id) NOT IN (
          SELECT JSONExtractString(payload, 'follows') FROM events WHERE event_type = 'TargetsPublished'
      )
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
