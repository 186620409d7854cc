"""The Avro contracts under `schemas/avro/`: each file one named type, the source of every class.

Files refer to one another by full name; `self_contained` inlines those names at their first use,
which is the form that a schema registry without references and a foreign reader need.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

AVRO_DIR = Path(__file__).parent / "avro"

EVENTS_NAMESPACE = "radstream.events"
VIEWS_NAMESPACE = "radstream.views"

Contract = Mapping[str, Any]


@cache
def contracts() -> Mapping[str, Contract]:
    """Every contract by full name, as it stands in its file."""
    found = (json.loads(path.read_text("utf-8")) for path in sorted(AVRO_DIR.rglob("*.avsc")))
    return {full_name(contract): contract for contract in found}


def full_name(contract: Contract) -> str:
    """Namespace and name, with a dot between them (Avro 1.12, section Names)."""
    return f"{contract['namespace']}.{contract['name']}"


def event_contracts() -> list[Contract]:
    """The contracts of all events, by name."""
    return [c for c in contracts().values() if c["namespace"] == EVENTS_NAMESPACE]


@cache
def self_contained(name: str) -> Contract:
    """The contract called `name` with every type that it refers to written out in place."""
    seen: set[str] = set()
    inlined = _inline(name, seen)
    assert isinstance(inlined, dict)  # noqa: S101 - a contract file holds a record, checked by the tests
    return inlined


def _inline(node: Any, seen: set[str]) -> Any:
    if isinstance(node, str):
        if node not in contracts() or node in seen:
            return node
        return _inline(contracts()[node], seen)
    if isinstance(node, list):
        return [_inline(branch, seen) for branch in node]
    if node["type"] == "record":
        seen.add(full_name(node))
        fields = [{**field, "type": _inline(field["type"], seen)} for field in node["fields"]]
        return {**node, "fields": fields}
    if node["type"] == "array":
        return {**node, "items": _inline(node["items"], seen)}
    return node
