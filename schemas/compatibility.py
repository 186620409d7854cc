"""Whether a contract may follow a version of itself that was published, and how to do it right if not. Pure.

Two rules, and both bind. Apache Avro's schema resolution (`avro.compatibility`): today's readers read what
was written then (BACKWARD), readers of then read what is written today. And ours, which is narrower and can
say what to do: a field that was published stays, with its type; what is new is optional.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import avro.schema
from avro.compatibility import ReaderWriterCompatibilityChecker, SchemaCompatibilityType

from schemas.contracts import Contract, full_name

# What of a type decides about bytes and how they are read: not its documentation.
_SHAPE = frozenset({"type", "name", "namespace", "fields", "items", "default", "logicalType"})
_OPTIONAL = 'optional (["null", ...] with "default": null)'


def shape(schema: Any) -> Any:
    """What of a schema decides about bytes, resolution and meaning: equal shapes are one version."""
    if isinstance(schema, list):
        return [shape(item) for item in schema]
    if isinstance(schema, dict):
        return {key: shape(value) for key, value in schema.items() if key in _SHAPE or key == "meaning"}
    return schema


def problems_between(old: Contract, new: Contract) -> list[str]:
    """Why `new` may not follow the published `old`, both self-contained; empty if it may."""
    before, now = _records(old), _records(new)
    found = [
        problem
        for name in before
        for problem in (_field_problems(name, before[name], now[name]) if name in now else ())
    ]
    return found or _resolution_problems(old, new)


def _field_problems(record: str, old: Contract, new: Contract) -> Iterable[str]:
    before = {field["name"]: field for field in old["fields"]}
    now = {field["name"]: field for field in new["fields"]}
    for name, field in before.items():
        if name not in now:
            yield _gone(record, field, [now[new_name] for new_name in now if new_name not in before])
        elif _type(field["type"]) != _type(now[name]["type"]):
            yield (
                f"{record}.{name} changed its type from {_text(field)} to {_text(now[name])}: subscribers "
                f"who know the old one can no longer read it. Restore the type; add a new field, {_OPTIONAL}"
                ", under a name of its own, and let producers fill both"
            )
    for name in now.keys() - before.keys():
        if "default" not in now[name]:
            yield (
                f"{record}.{name} is new and has no default: what was written before it cannot be read. Make "
                f"it {_OPTIONAL}"
            )


def _gone(record: str, field: Mapping[str, Any], added: list[Mapping[str, Any]]) -> str:
    name = field["name"]
    successors = [a for a in added if name in a.get("aliases", ())] or [
        a for a in added if _type(a["type"]) == _type(field["type"])
    ]
    if successors:
        to = successors[0]["name"]
        return (
            f"{record}.{name} was renamed to {to}: subscribers who know the old name lose the value (an "
            f"alias helps our readers only). Restore {name}, add {to} beside it, {_OPTIONAL}, say in its doc "
            f"that it takes the place of {name}, and let producers fill both"
        )
    return (
        f"{record}.{name} was removed, but it was published, and is in the logs. Restore it as it was; where "
        "it is optional producers may leave it null, and its doc says since when"
    )


def _resolution_problems(old: Contract, new: Contract) -> list[str]:
    then, today = (avro.schema.parse(json.dumps(schema)) for schema in (old, new))
    name = full_name(new)
    return [
        f"{name}: {who} cannot read it ({reason}). Restore what was published; add what is new as fields, "
        f"{_OPTIONAL}"
        for who, reader, writer in (
            ("what was written then: today's reader", today, then),
            ("what is written today: a reader of then", then, today),
        )
        for reason in _reasons(reader, writer)
    ]


def _reasons(reader: Any, writer: Any) -> list[str]:
    checker: Any = ReaderWriterCompatibilityChecker  # the library is not typed
    answer = checker().get_compatibility(reader, writer)
    if answer.compatibility is SchemaCompatibilityType.compatible:
        return []
    kinds = ", ".join(dict.fromkeys(kind.value for kind in answer.incompatibilities))
    return [f"{kinds} at {', '.join(sorted(answer.locations))}: {'; '.join(sorted(answer.messages))}"]


def _records(schema: Any) -> dict[str, Contract]:
    """Every record that is written out in a self-contained schema, by full name."""
    if isinstance(schema, list):
        return {name: record for branch in schema for name, record in _records(branch).items()}
    if not isinstance(schema, dict):
        return {}
    if schema["type"] != "record":
        return _records(schema.get("items"))
    within = [_records(field["type"]) for field in schema["fields"]]
    return {full_name(schema): schema} | {name: record for found in within for name, record in found.items()}


def _type(avro_type: Any) -> Any:
    """A type with records by name alone: they are compared by themselves."""
    if isinstance(avro_type, list):
        return [_type(branch) for branch in avro_type]
    if isinstance(avro_type, dict):
        if avro_type["type"] == "record":
            return full_name(avro_type)
        return {key: _type(value) for key, value in avro_type.items() if key in _SHAPE}
    return avro_type


def _text(field: Mapping[str, Any]) -> str:
    return json.dumps(_type(field["type"]))
