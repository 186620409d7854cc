"""Reading what a contract says, field by field, in many messages at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pyarrow as pa

from schemas.codec import Record
from schemas.contracts import contracts
from sinks.clickhouse.columnar.cursor import Cursor, Places
from sinks.clickhouse.columnar.leaves import Leaf, Lists, Slices, Values

# By the field's path in its record, with dots: envelope.source.system.
Leaves = dict[str, Leaf]

INSTANT = pa.timestamp("us", "UTC")
_ABSENT, _PRESENT = 0, 2  # the two branches of an optional field, zig-zag coded
_MOST_ITEMS = 256

_PRIMITIVES: Mapping[str, Callable[[Cursor], Leaf]] = {
    "string": lambda cursor: Slices(*cursor.slices(), is_text=True),
    "bytes": lambda cursor: Slices(*cursor.slices(), is_text=False),
    "int": lambda cursor: Values(cursor.number(), pa.int64()),
    "long": lambda cursor: Values(cursor.number(), pa.int64()),
    "double": lambda cursor: Values(cursor.double(), pa.float64()),
    "boolean": lambda cursor: Values(cursor.either(0, 1), pa.bool_()),
}


def fields_of(cls: type[Record]) -> Sequence[Mapping[str, Any]]:
    """The fields of its records, as today's contract has them."""
    return cast("Sequence[Mapping[str, Any]]", contracts()[cls.AVRO_NAME]["fields"])


def read_fields(fields: Sequence[Mapping[str, Any]], cursor: Cursor) -> Leaves:
    """These fields of the records at `cursor`, which is behind them then.

    Raises NotAtOnce for arrays in arrays.
    """
    found: Leaves = {}
    for field in fields:
        for path, leaf in _value(field["type"], cursor).items():
            found[f"{field['name']}.{path}" if path else field["name"]] = leaf
    return found


def _value(avro: Any, cursor: Cursor) -> Leaves:
    if isinstance(avro, list):
        return _optional(avro[1], cursor)
    if isinstance(avro, dict):
        if avro["type"] == "array":
            return _array(avro["items"], cursor)
        if avro["type"] == "record":
            return read_fields(avro["fields"], cursor)
        return {"": Values(cursor.instant(), INSTANT)}
    if avro in contracts():
        return read_fields(contracts()[avro]["fields"], cursor)
    return {"": _PRIMITIVES[avro](cursor)}


def _optional(avro: Any, cursor: Cursor) -> Leaves:
    present = cursor.either(_ABSENT, _PRESENT)
    if present.all():
        return _value(avro, cursor)
    some, at = cursor.only(present), cursor.at.copy()
    found = _value(avro, some)
    cursor.at[present] = some.at
    return {path: leaf.among(present, at) for path, leaf in found.items()}


def _array(item: Any, cursor: Cursor) -> Leaves:
    """One block of items, as we write them, and the 0 that ends it."""
    counts = cursor.count()
    cursor.give_up(counts > _MOST_ITEMS)
    counts = np.where(counts > _MOST_ITEMS, 0, counts)
    firsts = np.cumsum(counts) - counts
    parts: dict[str, list[tuple[Places, Leaf]]] = {
        path: [(np.empty(0, np.int64), leaf)]
        for path, leaf in _value(item, cursor.only(np.empty(0, np.int64))).items()
    }
    for number in range(int(counts.max(initial=0))):
        rows = np.flatnonzero(counts > number)
        some = cursor.only(rows)
        for path, leaf in _value(item, some).items():
            parts[path].append((firsts[rows] + number, leaf))
        cursor.at[rows] = some.at
    rows = np.flatnonzero(counts)
    some = cursor.only(rows)
    some.give_up(some.number() != 0)
    cursor.at[rows] = some.at
    total = int(counts.sum())
    return {path: Lists(counts, of[0][1].gathered(of, total)) for path, of in parts.items()}
