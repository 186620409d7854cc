"""Records as messages of the AsyncAPI document: headers, key and Avro payload."""

from __future__ import annotations

from typing import Any

from schemas.cloudevents import CONTENT_TYPE
from schemas.contracts import EVENTS_NAMESPACE, contracts
from schemas.documents.avro_payload import payload
from schemas.documents.bindings import BINDING
from schemas.documents.channels import CHANNELS, channel_of
from schemas.documents.listeners import listeners_of_event
from schemas.documents.speakers import speakers_of_event
from schemas.documents.workflow import step_of_event

HEADERS = "CloudEventsHeaders"


def message_object(avro_name: str) -> dict[str, Any]:
    """The message of the record with this full name. Raises Undocumented."""
    contract, name = contracts()[avro_name], avro_name.rpartition(".")[2]
    message: dict[str, Any] = {
        "name": avro_name,
        "title": name,
        "summary": contract["doc"],
        "contentType": CONTENT_TYPE,
    }
    if avro_name.startswith(f"{EVENTS_NAMESPACE}."):
        message |= _of_event(avro_name, name)
    return message | {"payload": payload(avro_name), "bindings": _bindings(avro_name)}


def _of_event(avro_name: str, name: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "tags": [{"name": step_of_event()[name]}],
        "headers": {
            "allOf": [{"$ref": f"#/components/schemas/{HEADERS}"}],
            "properties": {"ce_type": {"const": avro_name}},
        },
        "x-said-by": [*speakers_of_event()[name]],
        "x-heard-by": [*listeners_of_event(avro_name)],
    }
    if code := contracts()[avro_name].get("swim_code"):
        said["x-swim-code"] = code
    return said


def _bindings(avro_name: str) -> dict[str, Any]:
    key = next(channel.key for channel in CHANNELS if channel.name == channel_of(avro_name))
    return {
        "kafka": {
            "key": {"type": "string", "description": key},
            "schemaIdLocation": "payload",
            "schemaIdPayloadEncoding": "confluent",
            "schemaLookupStrategy": "RecordNameStrategy",
            "bindingVersion": BINDING,
        }
    }


def header_schemas() -> dict[str, Any]:
    """The headers of every event: CloudEvents 1.0, Kafka protocol binding, binary content mode."""
    meanings = {
        "ce_specversion": ("1.0", None),
        "ce_id": ("envelope.event_id: equal ids are the same event", "uuid"),
        "ce_type": ("full name of the Avro record", None),
        "ce_source": ("/radstream/<site>/<protocol>", "uri-reference"),
        "ce_time": ("envelope.occurred_at: when it happened, RFC 3339, UTC", "date-time"),
        "ce_subject": ("envelope.exam_id, also the message's key", None),
        "content-type": (CONTENT_TYPE, None),
    }
    return {
        "type": "object",
        "description": "CloudEvents 1.0, Kafka protocol binding, binary content mode; values in UTF-8.",
        "required": [*meanings],
        "properties": {name: _header(meaning, form) for name, (meaning, form) in meanings.items()},
    }


def _header(meaning: str, form: str | None) -> dict[str, str]:
    return {"type": "string", "description": meaning, **({"format": form} if form else {})}
