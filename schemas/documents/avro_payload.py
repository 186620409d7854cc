"""Contracts as payloads of the AsyncAPI document: every type written out, so that each parses by itself."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from schemas.contracts import self_contained
from schemas.documents.yaml_form import Flow

SCHEMA_FORMAT = "application/vnd.apache.avro+json;version=1.9.0"


def payload(name: str) -> dict[str, Any]:
    """The multi-format schema object of the contract called `name` (AsyncAPI 3.0)."""
    return {"schemaFormat": SCHEMA_FORMAT, "schema": _laid_out(self_contained(name))}


def _laid_out(node: Any) -> Any:
    if isinstance(node, list):
        return [_laid_out(branch) for branch in node]
    if not isinstance(node, dict):
        return node
    if node["type"] == "record":
        return _record(json.dumps(node))
    return {**node, "items": _laid_out(node["items"])} if node["type"] == "array" else dict(node)


@cache
def _record(text: str) -> dict[str, Any]:
    """Equal records are one object, and so are written once. By their text, for a mapping has no hash."""
    node = json.loads(text)
    return {**node, "fields": [_field(field) for field in node["fields"]]}


def _field(field: dict[str, Any]) -> dict[str, Any]:
    laid_out = {**field, "type": _laid_out(field["type"])}
    return laid_out if '"fields"' in json.dumps(field) else Flow(laid_out)
