"""Avro types in words, for a table."""

from __future__ import annotations

from typing import Any

from schemas.contracts import contracts

_PLAIN = {"string": "string", "int": "int", "long": "long", "double": "double", "boolean": "boolean"}


def type_in_words(avro: Any) -> str:
    """As the tables have it: `instant` for UTC microseconds, the name of a record, `or null` if optional."""
    if isinstance(avro, list):
        return f"{type_in_words(avro[1])} or null"
    if isinstance(avro, dict):
        if avro["type"] == "array":
            return f"list of {type_in_words(avro['items'])}"
        return "instant"
    if avro in contracts():
        name = avro.rpartition(".")[2]
        return f"[{name}](#{name.lower()})"
    return _PLAIN.get(avro, str(avro))
