-- Who must act next, whether all images are there, and what else an exam's events say of it.
ALTER TABLE worklist
    ADD COLUMN IF NOT EXISTS next_actor LowCardinality(String) COMMENT 'Who must act next: scheduler, patient, technologist, radiologist, referrer, image_manager, empty where unknown' AFTER station_ae_title,
    ADD COLUMN IF NOT EXISTS next_actor_since_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Since when they can' AFTER next_actor,
    ADD COLUMN IF NOT EXISTS images_expected UInt32 COMMENT 'Images at which every study of the exam was said to be complete, 0 where unknown' AFTER next_actor_since_at,
    ADD COLUMN IF NOT EXISTS images_complete Bool COMMENT 'Whether nothing came after the studies were said to be complete' AFTER images_expected,
    ADD COLUMN IF NOT EXISTS study_stored_at Nullable(DateTime64(6, 'UTC')) COMMENT 'The studies complete in the archive' AFTER images_complete,
    ADD COLUMN IF NOT EXISTS protocolled_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Protocol chosen' AFTER study_stored_at,
    ADD COLUMN IF NOT EXISTS prepared_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Patient prepared' AFTER protocolled_at,
    ADD COLUMN IF NOT EXISTS opened_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Exam opened by a radiologist' AFTER prepared_at,
    ADD COLUMN IF NOT EXISTS interpretation_started_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Reading began' AFTER opened_at,
    ADD COLUMN IF NOT EXISTS critical_notified_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Critical result told to the referring side' AFTER interpretation_started_at,
    ADD COLUMN IF NOT EXISTS critical_acknowledged_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Critical result acknowledged by the referring side' AFTER critical_notified_at,
    ADD COLUMN IF NOT EXISTS critical_category LowCardinality(String) COMMENT 'Category of the critical result as last said: 1 minutes, 2 hours, 3 days (ACR), empty where unknown' AFTER critical_acknowledged_at,
    ADD COLUMN IF NOT EXISTS first_priority LowCardinality(String) COMMENT 'The priority that was said first, empty where unknown' AFTER critical_category,
    ADD COLUMN IF NOT EXISTS priority_changed_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When the priority last became another one' AFTER first_priority,
    ADD COLUMN IF NOT EXISTS held_since_at Nullable(DateTime64(6, 'UTC')) COMMENT 'Since when the order is on hold' AFTER priority_changed_at,
    ADD COLUMN IF NOT EXISTS delay_code LowCardinality(String) COMMENT 'Why the exam waits, as last said (SWIM RID45954 to RID45974), empty where unknown' AFTER held_since_at,
    ADD COLUMN IF NOT EXISTS delayed_at Nullable(DateTime64(6, 'UTC')) COMMENT 'When that was said' AFTER delay_code,
    ADD COLUMN IF NOT EXISTS analysis_status LowCardinality(String) COMMENT 'How far algorithms are: requested, started, completed, failed, empty where unknown' AFTER delayed_at,
    ADD COLUMN IF NOT EXISTS finding_present Bool COMMENT 'Whether an algorithm found something, as last said' AFTER analysis_status,
    ADD COLUMN IF NOT EXISTS room LowCardinality(String) COMMENT 'Room, as last said, empty where unknown' AFTER finding_present,
    ADD COLUMN IF NOT EXISTS technologist LowCardinality(String) COMMENT 'Technologist whom the exam was given to, pseudonym, empty where unknown' AFTER room,
    ADD COLUMN IF NOT EXISTS assigned_reader LowCardinality(String) COMMENT 'Reader whom the exam was given to, pseudonym, empty where unknown' AFTER technologist,
    ADD COLUMN IF NOT EXISTS reader LowCardinality(String) COMMENT 'Who opened, read or reported it last, pseudonym, empty where unknown' AFTER assigned_reader,
    ADD COLUMN IF NOT EXISTS report_status LowCardinality(String) COMMENT 'preliminary, final, corrected, addended or cancelled, empty where unknown' AFTER reader,
    ADD COLUMN IF NOT EXISTS report_count UInt32 COMMENT 'How many versions of the report were published or withdrawn, 0 where unknown' AFTER report_status,
    ADD COLUMN IF NOT EXISTS report_first_event_id Nullable(UUID) COMMENT 'The event of the first version' AFTER report_count,
    ADD COLUMN IF NOT EXISTS report_last_event_id Nullable(UUID) COMMENT 'The event of the latest version' AFTER report_first_event_id,
    ADD COLUMN IF NOT EXISTS clock_faults Array(LowCardinality(String)) COMMENT 'What cannot be right, as final<completed or arrived>recorded' AFTER report_last_event_id,
    ADD COLUMN IF NOT EXISTS rebuild_reason LowCardinality(String) COMMENT 'The row misses what was said before, until it is built again from the log: older_format, unreadable, empty where unknown' AFTER clock_faults;

-- The columns of a view are those of the day it was made.
CREATE OR REPLACE VIEW v_worklist AS SELECT * EXCEPT (version) FROM worklist FINAL;
