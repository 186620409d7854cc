"""Reading requests and writing answers of the registry's REST API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from runtime.local.registry.avro_schema import Reference, SchemaText, guid_of
from runtime.local.registry.errors import RegistryError, invalid_schema
from runtime.local.registry.store import Version

MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"
_MAX_BODY_BYTES: Final = 4 << 20


def answer(content: object, status: int = 200) -> Response:
    """A JSON answer."""
    return Response(json.dumps(content, ensure_ascii=False).encode(), status, media_type=MEDIA_TYPE)


def failure(status: int, error_code: int, message: str) -> Response:
    """An error as the API writes it."""
    return answer({"error_code": error_code, "message": message}, status)


async def read_json(request: Request) -> Mapping[str, Any]:
    """The body, an object. Raises RegistryError 400, 413."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > _MAX_BODY_BYTES:
            raise RegistryError(413, f"The body is larger than {_MAX_BODY_BYTES} bytes")
    try:
        content = json.loads(bytes(body))
    except (ValueError, RecursionError) as error:
        raise RegistryError(400, f"The body is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise RegistryError(400, "The body is not a JSON object")
    return content


async def read_schema(request: Request) -> SchemaText:
    """The schema in the body. Raises RegistryError 400, 42201."""
    content = await read_json(request)
    kind = content.get("schemaType") or "AVRO"
    if kind != "AVRO":
        raise invalid_schema(f"schema type {kind}: this registry holds AVRO only")
    for name in ("metadata", "ruleSet"):
        if content.get(name):
            raise invalid_schema(f"{name} is not supported by this registry")
    text = content.get("schema")
    if not isinstance(text, str):
        raise invalid_schema("'schema' is missing, or not a string that holds the schema's JSON")
    return SchemaText(text, _references(content.get("references") or []))


def flag(request: Request, name: str) -> bool:
    """A query parameter that is true or absent."""
    return request.query_params.get(name, "false").lower() in ("true", "1")


def page(request: Request, items: Sequence[Any]) -> list[Any]:
    """The part of a list that `offset` and `limit` ask for."""
    offset = _count(request, "offset", 0)
    limit = _count(request, "limit", -1)
    return list(items[offset:] if limit < 0 else items[offset : offset + limit])


def version_json(version: Version) -> dict[str, object]:
    """One version. Confluent's API omits the type AVRO."""
    return {
        "subject": version.subject,
        "id": version.schema_id,
        "version": version.version,
        "guid": guid_of(version.fingerprint),
        **schema_json(version),
    }


def schema_json(version: Version) -> dict[str, object]:
    """A schema by itself."""
    references = [reference.as_json() for reference in version.schema.references]
    return {"schema": version.schema.text} | ({"references": references} if references else {})


def _references(items: Any) -> tuple[Reference, ...]:
    try:
        return tuple(
            Reference(str(each["name"]), str(each["subject"]), int(each["version"])) for each in items
        )
    except (TypeError, KeyError, ValueError) as error:
        raise invalid_schema("'references' holds objects of name, subject and version") from error


def _count(request: Request, name: str, default: int) -> int:
    try:
        return int(request.query_params.get(name, default))
    except ValueError as error:
        raise RegistryError(400, f"{name} is not a number") from error
