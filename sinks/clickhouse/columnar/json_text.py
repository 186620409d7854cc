"""JSON objects of many messages at once, byte for byte as orjson writes them with OPT_UTC_Z."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from sinks.clickhouse.columnar.alike import Alike
from sinks.clickhouse.columnar.leaves import NotAtOnce
from sinks.clickhouse.columnar.reader import INSTANT

# RFC 8259, section 7: control characters, quotation mark and reverse solidus.
_ESCAPED = np.isin(np.arange(256), [*range(0x20), ord('"'), ord("\\")])
_DATE_END = 10


def json_objects(alike: Alike, names: Sequence[str]) -> pa.Array:
    """An object with the fields `names` of each message, as bytes. Raises NotAtOnce for bytes and arrays."""
    if not names:
        return pa.repeat(pa.scalar(b"{}"), len(alike))
    pieces: list[Any] = []
    for name in names:
        pieces += [f'{"," if pieces else "{"}"{name}":', _fragment(alike.array(name))]
    joined = pc.binary_join_element_wise(*pieces, "}", "", null_handling="replace", null_replacement="null")
    return joined.cast(pa.binary())


def _fragment(values: pa.Array) -> pa.Array:
    """Each value as JSON has it; null stays null."""
    kind = values.type
    if pa.types.is_null(kind) or pa.types.is_string(kind):
        return _text(values.cast(pa.string()))
    if pa.types.is_integer(kind):
        return values.cast(pa.string())
    if pa.types.is_boolean(kind):
        return pc.if_else(values, "true", "false")
    if kind == INSTANT:
        return _instant(values)
    if pa.types.is_floating(kind):
        return _one_by_one(values)
    raise NotAtOnce(str(kind))


def _text(values: pa.Array) -> pa.Array:
    letters = values.buffers()[2]
    if letters is not None and _ESCAPED[np.frombuffer(letters, np.uint8)].any():
        return _one_by_one(values)
    return pc.binary_join_element_wise('"', values, '"', "")


def _instant(values: pa.Array) -> pa.Array:
    """RFC 3339; the fraction is left out where it is 0."""
    written = values.cast(pa.string())
    whole_second = pc.equal(values, values.cast(pa.timestamp("s", "UTC"), safe=False).cast(INSTANT))
    if pc.any(whole_second).as_py():
        short = values.cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.string())
        written = pc.if_else(whole_second, short, written)
    dated = pc.binary_replace_slice(written, _DATE_END, _DATE_END + 1, "T")
    return pc.binary_join_element_wise('"', dated, '"', "")


def _one_by_one(values: pa.Array) -> pa.Array:
    written = [None if value is None else orjson.dumps(value).decode() for value in values.to_pylist()]
    return pa.array(written, pa.string())
