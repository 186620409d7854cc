"""`docs/asyncapi.yaml`: the topics and their messages for machines, AsyncAPI 3.0 (https://www.asyncapi.com)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from schemas.cloudevents import CONTENT_TYPE
from schemas.codec import CLASS_BY_NAME
from schemas.documents.bindings import BINDING
from schemas.documents.channels import CHANNELS, Channel, channel_object, messages_of
from schemas.documents.listeners import LISTENERS, Listener
from schemas.documents.mentions import ROOT
from schemas.documents.messages import HEADERS, header_schemas, message_object
from schemas.documents.speakers import speakers_of
from schemas.documents.yaml_form import as_yaml

_NOTICE = "# Written by `python -m schemas.documents` from the contracts in `schemas/avro`: change those.\n"
_DESCRIPTION = (
    "Every step of the radiology workflow as an Avro event on Kafka. What happened to one exam is in one "
    "partition, in the order in which it was recorded. Delivery is at least once: drop what has an "
    "envelope.event_id that was seen. Schemas evolve by BACKWARD_TRANSITIVE. Who a patient is stands in "
    "envelope.phi only, sealed."
)


def asyncapi_text() -> str:
    """The whole document, as YAML. Raises Undocumented."""
    return _NOTICE + as_yaml(asyncapi_document())


def asyncapi_document() -> dict[str, Any]:
    """The whole document, as data. Raises Undocumented."""
    return {
        "asyncapi": "3.0.0",
        "info": _info(),
        "defaultContentType": CONTENT_TYPE,
        "servers": {"local": _server()},
        "channels": {channel.name: channel_object(channel) for channel in CHANNELS},
        "operations": dict(_operations()),
        "components": {
            "messages": {name.rpartition(".")[2]: message_object(name) for name in CLASS_BY_NAME},
            "schemas": {HEADERS: header_schemas()},
        },
    }


def _info() -> dict[str, Any]:
    # The installed metadata may be of an earlier version than the checkout.
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return {
        "title": project["name"],
        "version": project["version"],
        "description": _DESCRIPTION,
        "license": {"name": project["license"], "url": "https://www.apache.org/licenses/LICENSE-2.0"},
    }


def _server() -> dict[str, Any]:
    return {
        "host": "127.0.0.1:19092",
        "protocol": "kafka",
        "description": "The local stack, as `make run` starts it.",
        "bindings": {
            "kafka": {
                "schemaRegistryUrl": "http://127.0.0.1:18081",
                "schemaRegistryVendor": "confluent",
                "bindingVersion": BINDING,
            }
        },
    }


def _operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for channel in CHANNELS:
        said = {"action": "send", "channel": _ref(channel), "summary": f"Said by: {_speakers(channel)}."}
        yield f"say_{channel.name}", said
    for listener in LISTENERS:
        for channel in CHANNELS:
            if channel.topic in listener.topics:
                yield f"{listener.operation}_{channel.name}", _reception(listener, channel)


def _speakers(channel: Channel) -> str:
    return channel.said_by or ", ".join(speakers_of(messages_of(channel))) or "no part of radstream yet"


def _reception(listener: Listener, channel: Channel) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "action": "receive",
        "channel": _ref(channel),
        "title": listener.name,
        "summary": listener.does,
    }
    if listener.group:
        group = {"type": "string", "description": listener.group}
        operation["bindings"] = {"kafka": {"groupId": group, "bindingVersion": BINDING}}
    return operation


def _ref(channel: Channel) -> dict[str, str]:
    return {"$ref": f"#/channels/{channel.name}"}
