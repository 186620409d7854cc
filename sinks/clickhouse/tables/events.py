"""Events, one row each; the images in a table of their own."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import fields
from functools import cache
from typing import Any

import orjson
import pyarrow as pa

from schemas.codec import Record
from schemas.events import EVENT_CLASSES, InstanceStored
from sinks.clickhouse import columns as c
from sinks.clickhouse.columnar.alike import Alike
from sinks.clickhouse.columnar.json_text import json_objects
from sinks.clickhouse.columns import Column
from sinks.clickhouse.place_columns import FIRST_WINS, PLACE
from sinks.clickhouse.table import Table


def event_payload(event: Record) -> bytes:
    """JSON object of the event's own fields: no envelope, and so no PHI. Bytes are in base64."""
    own = {name: getattr(event, name) for name in _own_fields(type(event))}
    return orjson.dumps(own, _in_base64, orjson.OPT_UTC_Z)


def _in_base64(value: Any) -> str:
    return b64encode(value).decode("ascii")


@cache
def _own_fields(cls: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(cls) if field.name != "envelope")


def _event_payloads(alike: Alike) -> pa.Array:
    return alike.each_kind(lambda kind: json_objects(kind.fields, _own_fields(kind.cls), len(kind.at)))


def _event_type(cls: type[Record]) -> str:
    return cls.AVRO_NAME.rpartition(".")[2]


_ENVELOPE = (
    c.uuid("event_id", "envelope.event_id"),
    c.text("exam_id", "envelope.exam_id"),
    Column(
        "event_type",
        "LowCardinality(String)",
        pa.string(),
        lambda placed: _event_type(type(placed.record)),
        lambda alike: alike.name_kinds(_event_type),
    ),
    c.at("occurred_at", "envelope.occurred_at"),
    c.at("recorded_at", "envelope.recorded_at"),
    c.code("source_system", "envelope.source.system"),
    c.code("source_facility", "envelope.source.facility"),
    c.code("source_protocol", "envelope.source.protocol"),
    c.text("source_message_id", "envelope.source_message_id"),
    c.code("site", "envelope.site"),
    c.code("swim_code", "envelope.swim_code"),
    c.text("patient_key", "envelope.patient_key"),
    c.maybe_uuid("corrects", "envelope.corrects"),
)

EVENTS = Table(
    "events",
    tuple(EVENT_CLASSES),
    (
        *_ENVELOPE,
        Column(
            "payload",
            "String",
            pa.binary(),
            lambda placed: event_payload(placed.record),
            _event_payloads,
        ),
        *c.sealed("envelope.phi"),
        *PLACE,
        FIRST_WINS,
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
        *c.sealed("envelope.phi"),
        *PLACE,
        FIRST_WINS,
    ),
)
