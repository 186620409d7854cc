"""Our contracts in the schema registry: subject by record name (RecordNameStrategy)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import httpx2  # what the registry client below speaks HTTP with, and whose errors it lets through
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry.error import SchemaRegistryError

from schemas.codec import CLASS_BY_NAME, Codec
from schemas.contracts import self_contained
from schemas.errors import RegistryUnavailable, SchemaError, UnknownSchemaId

COMPATIBILITY = "BACKWARD_TRANSITIVE"
_NOT_FOUND = 404

Answer = TypeVar("Answer")


def connect_codec(url: str) -> Codec:
    """A codec whose ids stand in the registry at `url`; registers what is missing there.

    Raises RegistryUnavailable, or SchemaError where a contract does not go with its past versions.
    """
    with SchemaRegistryClient({"url": url}) as client:
        ids = {name: _register(client, name) for name in CLASS_BY_NAME}
    return Codec(ids, partial(_schema_text, url))


def register_contracts(url: str) -> Mapping[str, int]:
    """Register every contract with its compatibility level; idempotent. Schema id by record name."""
    with SchemaRegistryClient({"url": url}) as client:
        for name in CLASS_BY_NAME:
            _ask(name, partial(client.set_compatibility, name, COMPATIBILITY))
        return {name: _register(client, name) for name in CLASS_BY_NAME}


def _register(client: SchemaRegistryClient, name: str) -> int:
    text = json.dumps(self_contained(name), ensure_ascii=False)
    return int(_ask(name, lambda: client.register_schema(name, Schema(text, "AVRO"))))


def _schema_text(url: str, schema_id: int) -> str:
    # Asked once per schema that another version of us wrote: not worth a connection that stays open.
    try:
        with SchemaRegistryClient({"url": url}) as client:
            schema = _ask(str(schema_id), lambda: client.get_schema(schema_id))
    except SchemaError as error:
        cause = error.__cause__
        if isinstance(cause, SchemaRegistryError) and cause.http_status_code == _NOT_FOUND:
            raise UnknownSchemaId(f"the registry has no schema {schema_id}") from None
        raise
    return str(schema.schema_str)


def _ask(subject: str, ask: Callable[[], Answer]) -> Answer:
    try:
        return ask()
    except SchemaRegistryError as error:
        if error.http_status_code >= 500:
            raise RegistryUnavailable(f"schema registry: {error.error_message}") from error
        raise SchemaError(f"schema registry refuses {subject}: {error.error_message}") from error
    except (OSError, httpx2.TransportError) as error:
        raise RegistryUnavailable(f"schema registry gives no answer: {error}") from error
