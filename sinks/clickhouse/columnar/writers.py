"""What an earlier writer's schema has, where to read it as it is gives what resolving it to today's gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.codec import Record
from schemas.contracts import contracts
from schemas.upcasters import meaning_of
from sinks.clickhouse.columnar.leaves import NotAtOnce

Fields = Sequence[Mapping[str, Any]]
_PRIMITIVES = frozenset({"null", "string", "bytes", "int", "long", "double", "boolean"})
_INSTANT = {"type": "long", "logicalType": "timestamp-micros"}


def written_fields(cls: type[Record], written: Mapping[str, Any]) -> Fields:
    """The fields that a writer of `cls` wrote, in their order, nested records in place.

    written: the writer's schema. What it lacks is null in today's contract; what it has besides is read over.
    Raises NotAtOnce where the two differ in more.
    """
    today = contracts()[cls.AVRO_NAME]
    if meaning_of(written) != meaning_of(today):
        raise NotAtOnce(f"another meaning of {cls.AVRO_NAME}")
    found, wanted = _in_place(written, {}), _in_place(today, dict(contracts()))
    if not _says_as(found, wanted):
        raise NotAtOnce(f"another form of {cls.AVRO_NAME}")
    fields: Fields = found["fields"]
    return fields


def _in_place(avro: Any, named: dict[str, Any]) -> Any:
    """The type without names and words, every record where it is first or again said. Raises NotAtOnce."""
    if isinstance(avro, list):
        return [_in_place(one, named) for one in avro]
    if isinstance(avro, str):
        if avro in _PRIMITIVES:
            return avro
        if avro not in named:
            raise NotAtOnce(avro)
        return _in_place(named[avro], named)
    if avro.get("type") == "record":
        named.setdefault(str(avro["name"]), avro)
        return {"type": "record", "fields": [_field(field, named) for field in avro["fields"]]}
    if avro.get("type") == "array":
        return {"type": "array", "items": _in_place(avro["items"], named)}
    if avro.get("logicalType") == _INSTANT["logicalType"] and avro.get("type") == "long":
        return _INSTANT
    raise NotAtOnce(str(avro.get("type")))


def _field(field: Mapping[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    kept = {"default": field["default"]} if "default" in field else {}
    return {"name": field["name"], "type": _in_place(field["type"], named), **kept}


def _says_as(found: Any, wanted: Any) -> bool:
    """Whether a value that was written as `found` is the same one when it is resolved to `wanted`."""
    if wanted in (found, ["null", found]):
        return True
    if _is_optional(found) and _is_optional(wanted):
        return _says_as(found[1], wanted[1])
    if not (isinstance(found, dict) and isinstance(wanted, dict) and found["type"] == wanted["type"]):
        return False
    if found["type"] == "array":
        return _says_as(found["items"], wanted["items"])
    return found["type"] == "record" and _has_fields(found["fields"], wanted["fields"])


def _is_optional(avro: Any) -> bool:
    return isinstance(avro, list) and len(avro) == 2 and avro[0] == "null"


def _has_fields(found: Fields, wanted: Fields) -> bool:
    written = {field["name"]: field["type"] for field in found}
    return all(
        _says_as(written[field["name"]], field["type"])
        if field["name"] in written
        else field.get("default", "none") is None
        for field in wanted
    )
