"""Payloads and headers of `docs/asyncapi.yaml`: Avro libraries parse them, and they read what is written."""

from __future__ import annotations

import io
import json
from typing import Any

import avro.schema
import fastavro
import pytest
import yaml

from schemas.cloudevents import headers
from schemas.codec import CLASS_BY_NAME
from schemas.contracts import self_contained
from schemas.documents.__main__ import DOCS
from schemas.events import OrderPlaced
from schemas.examples_writer import EXAMPLES, as_json

DOCUMENT: dict[str, Any] = yaml.safe_load((DOCS / "asyncapi.yaml").read_text("utf-8"))
MESSAGES: dict[str, dict[str, Any]] = DOCUMENT["components"]["messages"]
every_record = pytest.mark.parametrize("avro_name", CLASS_BY_NAME)


def _short(avro_name: str) -> str:
    return avro_name.rpartition(".")[2]


@every_record
def test_a_payload_is_the_contract_written_out(avro_name: str) -> None:
    payload = MESSAGES[_short(avro_name)]["payload"]
    assert payload["schemaFormat"] == "application/vnd.apache.avro+json;version=1.9.0"
    assert payload["schema"] == self_contained(avro_name)


@every_record
def test_two_avro_libraries_parse_a_payload(avro_name: str) -> None:
    schema = MESSAGES[_short(avro_name)]["payload"]["schema"]
    ours, apache = fastavro.parse_schema(schema), avro.schema.parse(json.dumps(schema))
    assert isinstance(ours, dict)
    assert isinstance(apache, avro.schema.RecordSchema)
    assert ours["name"] == apache.fullname == avro_name


def _golden(name: str) -> tuple[Any, Any]:
    """The newest golden message as the document's own schema reads it, and what it has to say."""
    newest = len(list(EXAMPLES.glob(f"{name}.v*.avro")))
    body = io.BytesIO((EXAMPLES / f"{name}.v{newest}.avro").read_bytes())
    record: Any = fastavro.schemaless_reader(body, MESSAGES[name]["payload"]["schema"], None)
    return record, json.loads((EXAMPLES / f"{name}.v{newest}.json").read_text("utf-8"))


@every_record
def test_a_payload_reads_the_newest_golden_message(avro_name: str) -> None:
    record, said = _golden(_short(avro_name))
    assert as_json(record) == said


def test_the_headers_are_those_of_a_message() -> None:
    record, _ = _golden("OrderPlaced")
    sent = dict(headers(OrderPlaced.from_record(record)))
    schema = DOCUMENT["components"]["schemas"]["CloudEventsHeaders"]
    assert list(sent) == schema["required"] == list(schema["properties"])
    assert sent["ce_type"].decode() == MESSAGES["OrderPlaced"]["headers"]["properties"]["ce_type"]["const"]
