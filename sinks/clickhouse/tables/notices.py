"""What asks for somebody's eye: alerts, forecasts, dead letters and what became of them."""

from __future__ import annotations

import pyarrow as pa

from schemas.deadletters import DeadLetter, DeadLetterResolved
from schemas.views import AlertRow, PredictionRow
from sinks.clickhouse import columns as c
from sinks.clickhouse.place_columns import FIRST_WINS, LAST_WINS, PLACE
from sinks.clickhouse.table import Table

ALERTS = Table(
    "alerts",
    (AlertRow,),
    (
        c.uuid("alert_id"),
        c.text("exam_id"),
        c.text("accession_number"),
        *map(c.code, ("site", "modality", "procedure_name", "priority", "patient_class", "location")),
        *map(c.code, ("interval", "state")),
        *map(c.at, ("start_at", "warn_at", "due_at")),
        *map(c.maybe_at, ("breached_at", "closed_at")),
        c.code("closed_by"),
        c.text("targets_sha256"),
        c.count("due_s"),
        c.at("said_at"),
        *map(c.maybe_at, ("warned_at", "taken_back_at")),
        c.code("warned_by"),
        c.maybe_number("warned_before_s"),
        c.maybe_flag("warning_came_true"),
        c.maybe_probability("breach_probability"),
        *map(c.maybe_at, ("forecast_at", "p10_at", "p50_at", "p90_at")),
        c.each("reasons", "reasons", "LowCardinality(String)", pa.string()),
        LAST_WINS,
    ),
)
PREDICTIONS = Table(
    "predictions",
    (PredictionRow,),
    (
        c.text("exam_id"),
        c.code("milestone"),
        c.at("made_at"),
        *map(c.code, ("site", "modality", "priority")),
        c.maybe_at("p05_at"),
        c.at("p10_at"),
        c.maybe_at("p25_at"),
        c.at("p50_at"),
        c.maybe_at("p75_at"),
        c.at("p90_at"),
        c.maybe_at("p95_at"),
        c.code("interval"),
        c.maybe_at("due_at"),
        c.maybe_probability("breach_probability"),
        c.each("reasons", "reasons", "LowCardinality(String)", pa.string()),
        c.code("model"),
        c.each("baseline_min", "baseline_min", "Float64", pa.float64()),
        c.maybe_probability("baseline_probability"),
        c.maybe_at("late_since_at"),
        c.code("fallback_reason"),
        LAST_WINS,
    ),
)
DEADLETTERS = Table(
    "deadletters",
    (DeadLetter,),
    (
        c.uuid("dead_letter_id"),
        c.code("origin"),
        c.code("reason"),
        c.text("detail"),
        c.at("recorded_at"),
        c.code("source_system", "source.system"),
        c.code("source_facility", "source.facility"),
        c.code("source_protocol", "source.protocol"),
        c.text("source_message_id"),
        c.code("content_type"),
        *PLACE,
        FIRST_WINS,
    ),
)
RESOLUTIONS = Table(
    "deadletter_resolutions",
    (DeadLetterResolved,),
    (
        c.uuid("dead_letter_id"),
        c.code("resolution"),
        c.at("resolved_at"),
        c.code("answer"),
        c.code("resolved_by"),
        *PLACE,
        LAST_WINS,
    ),
)
