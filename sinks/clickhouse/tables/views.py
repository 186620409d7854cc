"""What the fold says of each exam: its row of the worklist, and its intervals."""

from __future__ import annotations

import pyarrow as pa

from schemas.varints import EPOCH
from schemas.views import TurnaroundRow, WorklistRow
from sinks.clickhouse import columns as c
from sinks.clickhouse.columnar.reader import INSTANT
from sinks.clickhouse.place_columns import LAST_WINS
from sinks.clickhouse.table import Table


def _without_intervals(exam_id: str) -> TurnaroundRow:
    return TurnaroundRow(exam_id=exam_id, site="", intervals=(), event_count=0, last_recorded_at=EPOCH)


_CODE = "LowCardinality(String)"
_EXAM = (
    c.text("exam_id"),
    c.text("accession_number"),
    c.code("site"),
    c.text("patient_key"),
    *map(c.code, ("modality", "procedure_code", "procedure_name", "priority", "patient_class", "location")),
)
_MILESTONES = (
    "stage_since_at",
    "ordered_at",
    "scheduled_at",
    "arrived_at",
    "started_at",
    "completed_at",
    "first_image_at",
    "stored_at",
    "dictated_at",
    "preliminary_at",
    "final_at",
    "corrected_at",
    "cancelled_at",
)
_FINER_MILESTONES = (
    "study_stored_at",
    "protocolled_at",
    "prepared_at",
    "opened_at",
    "interpretation_started_at",
    "critical_notified_at",
    "critical_acknowledged_at",
)
WORKLIST = Table(
    "worklist",
    (WorklistRow,),
    (
        *_EXAM,
        c.text("study_instance_uid"),
        *c.sealed("phi"),
        c.maybe_uuid("phi_event_id"),
        c.code("stage"),
        *map(c.maybe_at, _MILESTONES),
        c.count("series_count"),
        c.count("instance_count"),
        c.flag("unmatched"),
        c.count("event_count"),
        c.at("last_occurred_at"),
        c.at("last_recorded_at"),
        c.text("reconciled_into"),
        c.count("reconciled_from_count"),
        *map(c.flag, ("unreconciled", "patient_mismatch", "accession_reused")),
        c.maybe_at("patient_erased_at"),
        c.code("station_ae_title"),
        c.code("next_actor"),
        c.maybe_at("next_actor_since_at"),
        c.count("images_expected"),
        c.flag("images_complete"),
        *map(c.maybe_at, _FINER_MILESTONES),
        *map(c.code, ("critical_category", "first_priority")),
        *map(c.maybe_at, ("priority_changed_at", "held_since_at")),
        c.code("delay_code"),
        c.maybe_at("delayed_at"),
        c.code("analysis_status"),
        c.flag("finding_present"),
        *map(c.code, ("room", "technologist", "assigned_reader", "reader", "report_status")),
        c.count("report_count"),
        *map(c.maybe_uuid, ("report_first_event_id", "report_last_event_id")),
        c.each("clock_faults", "clock_faults", _CODE, pa.string()),
        c.code("rebuild_reason"),
        LAST_WINS,
    ),
)
TURNAROUND = Table(
    "turnaround_exams",
    (TurnaroundRow,),
    (
        *_EXAM,
        c.each("interval_names", "intervals.name", _CODE, pa.string()),
        c.each("interval_starts", "intervals.start_at", c.TIME, INSTANT),
        c.each("interval_ends", "intervals.end_at", c.TIME, INSTANT),
        c.each("interval_seconds", "intervals.seconds", "Float64", pa.float64()),
        c.each("excluded_names", "excluded.name", _CODE, pa.string()),
        c.each("excluded_reasons", "excluded.reason", _CODE, pa.string()),
        c.each("excluded_starts", "excluded.start_at", c.TIME, INSTANT),
        c.each("excluded_ends", "excluded.end_at", c.TIME, INSTANT),
        c.each("clock_faults", "clock_faults", _CODE, pa.string()),
        *map(c.code, ("station_ae_title", "reader")),
        c.count("event_count"),
        c.at("last_recorded_at"),
        LAST_WINS,
    ),
    _without_intervals,
)
