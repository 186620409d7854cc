"""`docs/asyncapi.yaml`: an AsyncAPI 3.0 document whose payloads any Avro library parses."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from runtime.settings import Settings
from schemas.codec import CLASS_BY_NAME
from schemas.contracts import contracts
from schemas.documents.__main__ import DOCS
from schemas.documents.asyncapi import asyncapi_document
from schemas.documents.listeners import listeners_of_event
from schemas.documents.mentions import ROOT
from schemas.documents.speakers import speakers_of_event
from schemas.events import EVENT_CLASSES
from schemas.topics import DEADLETTER_RECORD_BYTES, FOLD_CHANGELOG, topic_specs

DOCUMENT: dict[str, Any] = yaml.safe_load((DOCS / "asyncapi.yaml").read_text("utf-8"))
MESSAGES: dict[str, dict[str, Any]] = DOCUMENT["components"]["messages"]
_BINDING = "0.5.0"
# What AsyncAPI 3.0.0 lets each object have (sections Info, Server, Channel, Operation and Message Object).
_COMMON = {"title", "description", "tags", "externalDocs"}
_DESCRIBED = _COMMON | {"summary", "bindings"}
_FIELDS = {
    "root": {
        "asyncapi",
        "id",
        "info",
        "defaultContentType",
        "servers",
        "channels",
        "operations",
        "components",
    },
    "info": _COMMON | {"version", "license", "contact", "termsOfService"},
    "server": _DESCRIBED | {"host", "protocol", "protocolVersion", "pathname", "variables", "security"},
    "channel": _DESCRIBED | {"address", "messages", "servers", "parameters"},
    "operation": _DESCRIBED | {"action", "channel", "messages", "reply", "security", "traits"},
    "message": _DESCRIBED
    | {"headers", "payload", "contentType", "name", "correlationId", "examples", "traits"},
}


def _short(avro_name: str) -> str:
    return avro_name.rpartition(".")[2]


def _fits(kind: str, node: dict[str, Any]) -> bool:
    return {key for key in node if not key.startswith("x-")} <= _FIELDS[kind]


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _references(item)


def _resolved(reference: str) -> Any:
    """What a JSON pointer of this document names. Raises KeyError."""
    node: Any = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def test_the_file_says_what_was_generated_with_its_anchors_resolved() -> None:
    assert json.loads(json.dumps(asyncapi_document())) == DOCUMENT


def test_the_document_has_the_fields_that_asyncapi_requires_and_no_unknown_one() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    assert _fits("root", DOCUMENT)
    assert _fits("info", DOCUMENT["info"])
    assert all({"host", "protocol"} <= s.keys() and _fits("server", s) for s in DOCUMENT["servers"].values())
    assert all("address" in c and _fits("channel", c) for c in DOCUMENT["channels"].values())
    for operation in DOCUMENT["operations"].values():
        assert operation["action"] in {"send", "receive"}
        assert list(operation["channel"]) == ["$ref"]
        assert _fits("operation", operation)
    assert all(_fits("message", message) for message in MESSAGES.values())


def test_names_of_components_are_legal() -> None:
    """AsyncAPI 3.0.0, section Components Object: `^[a-zA-Z0-9.\\-_]+$`."""
    for components in DOCUMENT["components"].values():
        assert all(re.fullmatch(r"[a-zA-Z0-9.\-_]+", name) for name in components)


def test_every_reference_resolves() -> None:
    references = list(_references(DOCUMENT))
    assert len(references) > len(MESSAGES)
    for reference in references:
        assert reference.startswith("#/")
        assert isinstance(_resolved(reference), dict)


def test_the_version_is_the_projects() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert DOCUMENT["info"]["version"] == project["version"]


def test_the_server_is_where_the_local_stack_listens() -> None:
    ports = Settings.model_fields
    server = DOCUMENT["servers"]["local"]
    assert server["host"] == f"127.0.0.1:{ports['kafka_port'].default}"
    registry = server["bindings"]["kafka"]["schemaRegistryUrl"]
    assert registry == f"http://127.0.0.1:{ports['registry_port'].default}"


def test_the_channels_are_the_topics_as_they_are_created() -> None:
    specs = {spec.name: spec.config for spec in topic_specs(1) if spec.name != FOLD_CHANGELOG}
    channels = DOCUMENT["channels"].values()
    assert {channel["address"] for channel in channels} == specs.keys()
    for channel in channels:
        config, created = channel["bindings"]["kafka"]["topicConfiguration"], dict(specs[channel["address"]])
        assert ",".join(config["cleanup.policy"]) == created.pop("cleanup.policy")
        assert {key: config[key] for key in config if key != "cleanup.policy"} == {
            key: float(value) for key, value in created.items()
        }


def test_a_dead_letter_may_be_as_large_as_its_topic_takes() -> None:
    config = DOCUMENT["channels"]["deadletters"]["bindings"]["kafka"]["topicConfiguration"]
    assert config["max.message.bytes"] == DEADLETTER_RECORD_BYTES


def test_every_record_is_a_message_of_the_one_channel_that_is_its_topic() -> None:
    assert MESSAGES.keys() == {_short(name) for name in CLASS_BY_NAME}
    carried = [name for channel in DOCUMENT["channels"].values() for name in channel["messages"]]
    assert sorted(carried) == sorted(MESSAGES)
    for cls in EVENT_CLASSES:
        topic = contracts()[cls.AVRO_NAME].get("topic", "radstream.events.v1")
        channel = next(c for c in DOCUMENT["channels"].values() if cls.__name__ in c["messages"])
        assert channel["address"] == topic


def test_something_is_said_and_heard_on_every_channel() -> None:
    for action in ("send", "receive"):
        used = {o["channel"]["$ref"] for o in DOCUMENT["operations"].values() if o["action"] == action}
        assert used == {f"#/channels/{name}" for name in DOCUMENT["channels"]}


def test_who_writes_a_topic_of_events_is_who_says_its_events() -> None:
    said = {name: DOCUMENT["operations"][f"say_{name}"]["summary"] for name in DOCUMENT["channels"]}
    assert said["instances"] == f"Said by: {', '.join(speakers_of_event()['InstanceStored'])}."
    exports = "commands that show or take out data"
    governing = ("`radstream hold`", "`radstream retention`", "`radstream repair`")
    elsewhere = {"alerts": "targets", "dashboard": "audit"}
    elsewhere |= {exports: "audit"} | dict.fromkeys(governing, "governance")
    for name in {who for whos in speakers_of_event().values() for who in whos if "profile" not in who}:
        assert name in said[elsewhere.get(name, "events")]


def test_every_kafka_binding_says_its_version() -> None:
    bound = [*DOCUMENT["servers"].values(), *DOCUMENT["channels"].values(), *MESSAGES.values()]
    bound += [operation for operation in DOCUMENT["operations"].values() if "bindings" in operation]
    assert {node["bindings"]["kafka"]["bindingVersion"] for node in bound} == {_BINDING}


@pytest.mark.parametrize("cls", EVENT_CLASSES, ids=lambda cls: cls.__name__)
def test_an_event_has_its_swim_code_who_says_it_and_who_hears_it(cls: Any) -> None:
    message = MESSAGES[cls.__name__]
    assert message.get("x-swim-code") == contracts()[cls.AVRO_NAME].get("swim_code")
    assert tuple(message["x-said-by"]) == speakers_of_event()[cls.__name__]
    assert tuple(message["x-heard-by"]) == listeners_of_event(cls.AVRO_NAME)
