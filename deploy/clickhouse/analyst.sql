-- The user who only reads, for a ClickHouse server of your own (docs/analytics.md). Run it as a user who may
-- manage access, after `radstream init`, and again after each upgrade of radstream:
--
--   clickhouse-client --user admin --password --param_password "$ANALYST_PASSWORD" --queries-file analyst.sql
--
-- The views run with the rights of the user who made them (SQL SECURITY DEFINER): the analyst needs none on the
-- tables. What is sealed is left out of the columns that are granted, so `SELECT *` of those views is refused.
CREATE SETTINGS PROFILE IF NOT EXISTS radstream_analyst SETTINGS
    readonly = 1,
    max_memory_usage = 4000000000,
    max_execution_time = 60 MIN 1 MAX 300 CHANGEABLE_IN_READONLY,
    max_threads CHANGEABLE_IN_READONLY,
    max_block_size CHANGEABLE_IN_READONLY,
    max_result_rows CHANGEABLE_IN_READONLY,
    result_overflow_mode CHANGEABLE_IN_READONLY,
    join_use_nulls CHANGEABLE_IN_READONLY,
    session_timezone CHANGEABLE_IN_READONLY,
    date_time_output_format CHANGEABLE_IN_READONLY,
    allow_ddl = 0,
    allow_introspection_functions = 0;

CREATE ROLE IF NOT EXISTS radstream_analyst SETTINGS PROFILE 'radstream_analyst';

CREATE QUOTA IF NOT EXISTS radstream_analyst KEYED BY user_name
    FOR INTERVAL 1 hour MAX queries = 20000, execution_time = 7200
    TO radstream_analyst;

ALTER TABLE radstream.v_exams MODIFY SQL SECURITY DEFINER DEFINER = radstream;
ALTER TABLE radstream.v_turnaround MODIFY SQL SECURITY DEFINER DEFINER = radstream;
ALTER TABLE radstream.v_turnaround_daily MODIFY SQL SECURITY DEFINER DEFINER = radstream;
ALTER TABLE radstream.v_turnaround_hourly MODIFY SQL SECURITY DEFINER DEFINER = radstream;
ALTER TABLE radstream.v_turnaround_excluded MODIFY SQL SECURITY DEFINER DEFINER = radstream;
ALTER TABLE radstream.v_alerts MODIFY SQL SECURITY DEFINER DEFINER = radstream;
ALTER TABLE radstream.v_deliveries MODIFY SQL SECURITY DEFINER DEFINER = radstream;
ALTER TABLE radstream.v_deadletters MODIFY SQL SECURITY DEFINER DEFINER = radstream;
ALTER TABLE radstream.v_predictions MODIFY SQL SECURITY DEFINER DEFINER = radstream;
ALTER TABLE radstream.v_predictions_made MODIFY SQL SECURITY DEFINER DEFINER = radstream;
ALTER TABLE radstream.v_targets MODIFY SQL SECURITY DEFINER DEFINER = radstream;
ALTER TABLE radstream.v_intervals MODIFY SQL SECURITY DEFINER DEFINER = radstream;
ALTER TABLE radstream.v_sites MODIFY SQL SECURITY DEFINER DEFINER = radstream;
ALTER TABLE radstream.v_events MODIFY SQL SECURITY DEFINER DEFINER = radstream;
ALTER TABLE radstream.v_instances MODIFY SQL SECURITY DEFINER DEFINER = radstream;

GRANT SELECT ON radstream.v_exams TO radstream_analyst;
GRANT SELECT ON radstream.v_turnaround TO radstream_analyst;
GRANT SELECT ON radstream.v_turnaround_daily TO radstream_analyst;
GRANT SELECT ON radstream.v_turnaround_hourly TO radstream_analyst;
GRANT SELECT ON radstream.v_turnaround_excluded TO radstream_analyst;
GRANT SELECT ON radstream.v_alerts TO radstream_analyst;
GRANT SELECT ON radstream.v_deliveries TO radstream_analyst;
GRANT SELECT ON radstream.v_deadletters TO radstream_analyst;
GRANT SELECT ON radstream.v_predictions TO radstream_analyst;
GRANT SELECT ON radstream.v_predictions_made TO radstream_analyst;
GRANT SELECT ON radstream.v_targets TO radstream_analyst;
GRANT SELECT ON radstream.v_intervals TO radstream_analyst;
GRANT SELECT ON radstream.v_sites TO radstream_analyst;
GRANT SELECT(
    event_id, exam_id, event_type, occurred_at, recorded_at, source_system, source_facility, source_protocol,
    source_message_id, site, swim_code, patient_key, corrects, payload, kafka_topic, kafka_partition, kafka_offset
) ON radstream.v_events TO radstream_analyst;
GRANT SELECT(
    event_id, exam_id, event_type, occurred_at, recorded_at, source_system, source_facility, source_protocol,
    source_message_id, site, swim_code, patient_key, corrects, accession_number, study_instance_uid,
    series_instance_uid, sop_instance_uid, sop_class_uid, transfer_syntax_uid, modality, size_bytes, sha256,
    object_key, calling_ae_title, acquired_at, study_date, study_time, study_id, series_number, instance_number,
    number_of_frames, rows, columns, body_part, kafka_topic, kafka_partition, kafka_offset
) ON radstream.v_instances TO radstream_analyst;

CREATE USER IF NOT EXISTS analyst IDENTIFIED WITH sha256_password BY {password:String};
ALTER USER analyst IDENTIFIED WITH sha256_password BY {password:String};
GRANT radstream_analyst TO analyst;
ALTER USER analyst DEFAULT ROLE radstream_analyst;
