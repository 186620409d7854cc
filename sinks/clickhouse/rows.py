"""Records to the rows of the tables: pure, and driven by one list of columns per table."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import orjson
import pyarrow as pa

from schemas import topics
from schemas.codec import Record
from schemas.deadletters import DeadLetter, DeadLetterResolved
from schemas.events import EVENT_CLASSES, InstanceStored
from schemas.views import AlertRow, TurnaroundRow, WorklistRow
from sinks.clickhouse import columns as c
from sinks.clickhouse.columns import Column, Placed


@dataclass(frozen=True, slots=True)
class Table:
    """One table: the records that it takes, and its columns in order."""

    name: str
    accepts: tuple[type[Record], ...]
    columns: Sequence[Column]

    @property
    def schema(self) -> pa.Schema:
        """As Arrow has it."""
        return pa.schema([(column.name, column.arrow) for column in self.columns])


def to_arrow(table: Table, rows: Sequence[Placed]) -> pa.Table:
    """`rows` as they are inserted into `table`.

    Raises NotAnId, pyarrow.ArrowException, OverflowError or ValueError where a value does not fit its column.
    """
    cells = [pa.array([column.read(row) for row in rows], column.arrow) for column in table.columns]
    return pa.Table.from_arrays(cells, schema=table.schema)


def event_payload(event: Record) -> bytes:
    """JSON object of the event's own fields: no envelope, and so no PHI. Bytes are in base64."""
    own = {name: getattr(event, name) for name in _own_fields(type(event))}
    return orjson.dumps(own, _in_base64, orjson.OPT_UTC_Z)


def _in_base64(value: Any) -> str:
    return b64encode(value).decode("ascii")


@cache
def _own_fields(cls: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls) if field.name != "envelope")


def _event_type(placed: Placed) -> str:
    return placed.record.AVRO_NAME.rpartition(".")[2]


def _each(
    field: str, name: str, element: str, arrow: pa.DataType, read: Callable[[Any], Any] = lambda item: item
) -> Column:
    """A part of every item of the array `field`; an array that is not there is an empty one."""

    def cell(placed: Placed) -> list[Any]:
        return [read(item) for item in getattr(placed.record, field) or ()]

    return Column(name, f"Array({element})", pa.list_(arrow), cell)


_ENVELOPE = (
    c.uuid("event_id", "record.envelope.event_id"),
    c.text("exam_id", "record.envelope.exam_id"),
    Column("event_type", "LowCardinality(String)", pa.string(), _event_type),
    c.at("occurred_at", "record.envelope.occurred_at"),
    c.at("recorded_at", "record.envelope.recorded_at"),
    c.code("source_system", "record.envelope.source.system"),
    c.code("source_facility", "record.envelope.source.facility"),
    c.code("source_protocol", "record.envelope.source.protocol"),
    c.text("source_message_id", "record.envelope.source_message_id"),
    c.code("site", "record.envelope.site"),
    c.code("swim_code", "record.envelope.swim_code"),
    c.text("patient_key", "record.envelope.patient_key"),
    c.maybe_uuid("corrects", "record.envelope.corrects"),
)
_EXAM = (
    c.text("exam_id"),
    c.text("accession_number"),
    c.code("site"),
    c.text("patient_key"),
    *map(c.code, ("modality", "procedure_code", "procedure_name", "priority", "patient_class", "location")),
)

EVENTS = Table(
    "events",
    tuple(EVENT_CLASSES),
    (
        *_ENVELOPE,
        Column("payload", "String", pa.binary(), lambda placed: event_payload(placed.record)),
        *c.sealed("record.envelope.phi"),
        *c.PLACE,
        c.FIRST_WINS,
    ),
)
INSTANCES = Table(
    "instances",
    (InstanceStored,),
    (
        *_ENVELOPE,
        c.text("accession_number"),
        c.text("study_instance_uid"),
        c.text("series_instance_uid"),
        c.text("sop_instance_uid"),
        c.code("sop_class_uid"),
        c.code("transfer_syntax_uid"),
        c.code("modality"),
        c.size("size_bytes"),
        c.text("sha256"),
        c.text("object_key"),
        c.code("calling_ae_title"),
        c.maybe_at("acquired_at"),
        c.text("study_date"),
        c.text("study_time"),
        c.text("study_id"),
        *map(c.maybe_number, ("series_number", "instance_number", "number_of_frames", "rows", "columns")),
        c.code("body_part"),
        *c.sealed("record.envelope.phi"),
        *c.PLACE,
        c.FIRST_WINS,
    ),
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
        *c.sealed("record.phi"),
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
        _each("clock_faults", "clock_faults", "LowCardinality(String)", pa.string()),
        c.code("rebuild_reason"),
        c.LAST_WINS,
    ),
)
TURNAROUND = Table(
    "turnaround_exams",
    (TurnaroundRow,),
    (
        *_EXAM,
        _each("intervals", "interval_names", "LowCardinality(String)", pa.string(), lambda i: i.name),
        _each("intervals", "interval_starts", c.TIME, c.ARROW_TIME, lambda i: i.start_at),
        _each("intervals", "interval_ends", c.TIME, c.ARROW_TIME, lambda i: i.end_at),
        _each("intervals", "interval_seconds", "Float64", pa.float64(), lambda i: i.seconds),
        _each("excluded", "excluded_names", "LowCardinality(String)", pa.string(), lambda i: i.name),
        _each("excluded", "excluded_reasons", "LowCardinality(String)", pa.string(), lambda i: i.reason),
        _each("excluded", "excluded_starts", c.TIME, c.ARROW_TIME, lambda i: i.start_at),
        _each("excluded", "excluded_ends", c.TIME, c.ARROW_TIME, lambda i: i.end_at),
        _each("clock_faults", "clock_faults", "LowCardinality(String)", pa.string()),
        *map(c.code, ("station_ae_title", "reader")),
        c.count("event_count"),
        c.at("last_recorded_at"),
        c.LAST_WINS,
    ),
)
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
        c.LAST_WINS,
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
        c.code("source_system", "record.source.system"),
        c.code("source_facility", "record.source.facility"),
        c.code("source_protocol", "record.source.protocol"),
        c.text("source_message_id"),
        c.code("content_type"),
        *c.PLACE,
        c.FIRST_WINS,
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
        *c.PLACE,
        c.LAST_WINS,
    ),
)

TABLE_BY_TOPIC: Mapping[str, Table] = {
    topics.EVENTS: EVENTS,
    topics.AUDIT: EVENTS,
    topics.TARGETS: EVENTS,
    topics.INSTANCES: INSTANCES,
    topics.WORKLIST: WORKLIST,
    topics.TURNAROUND: TURNAROUND,
    topics.ALERTS: ALERTS,
    topics.DEADLETTERS: DEADLETTERS,
}
# A second table, where a topic holds two kinds of records.
_SECOND_TABLE: Mapping[str, Table] = {topics.DEADLETTERS: RESOLUTIONS}

# Where a tombstone says that Kafka may forget: the table keeps what happened.
FORGETFUL_TOPICS = frozenset({topics.ALERTS})
# Where it says that there is no such exam: a rebuild found nothing of it in the log.
REMOVING_TOPICS = frozenset({topics.WORKLIST, topics.TURNAROUND})


def tables_of(topic: str) -> tuple[Table, ...]:
    """The tables that take the records of `topic`, each another kind."""
    second = _SECOND_TABLE.get(topic)
    return (TABLE_BY_TOPIC[topic],) if second is None else (TABLE_BY_TOPIC[topic], second)
