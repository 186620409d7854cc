"""JSON objects of many messages at once, byte for byte as orjson writes them with OPT_UTC_Z.

Texts stay bytes, and are not looked at, until the objects are whole: whether they are UTF-8 is asked once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from sinks.clickhouse.columnar.alike import Fields
from sinks.clickhouse.columnar.leaves import NotAtOnce
from sinks.clickhouse.columnar.reader import INSTANT

_DATE_END = 10
_QUOTE, _NOTHING = b'"', b""

# What an object is put together from: bytes that are the same in each, and values.
Pieces = list[Any]


def json_objects(fields: Fields, names: Sequence[str], count: int) -> pa.Array:
    """An object with the fields `names` of each of `count` messages, as bytes.

    Raises NotAtOnce for bytes and arrays, and pyarrow.ArrowInvalid where a text is not UTF-8.
    """
    pieces: Pieces = [b"{"]
    for name in names:
        comma = b"," if len(pieces) > 1 or pieces[0] != b"{" else b""
        _append(pieces, comma + orjson.dumps(name) + b":", *_value(fields.unchecked(name)))
    _append(pieces, b"}")
    if len(pieces) == 1:
        return pa.repeat(pa.scalar(pieces[0]), count)
    joined = pc.binary_join_element_wise(*pieces, _NOTHING, null_handling="replace", null_replacement=b"null")
    return joined.cast(pa.string()).cast(pa.binary())


def _append(pieces: Pieces, *more: Any) -> None:
    """What is the same in each object in as few pieces as possible."""
    for piece in more:
        if isinstance(piece, bytes) and pieces and isinstance(pieces[-1], bytes):
            pieces[-1] += piece
        else:
            pieces.append(piece)


def _value(values: pa.Array) -> Pieces:
    """Each value as JSON has it; null stays null."""
    kind = values.type
    if values.null_count == len(values):
        return [b"null"]
    if pa.types.is_string(kind):
        return _text(values)
    if pa.types.is_integer(kind):
        return [values.cast(pa.string()).cast(pa.binary())]
    if pa.types.is_boolean(kind):
        return [pc.if_else(values, b"true", b"false")]
    if kind == INSTANT:
        return _instant(values)
    if pa.types.is_floating(kind):
        return _one_by_one(values)
    raise NotAtOnce(str(kind))


def _text(values: pa.Array) -> Pieces:
    if _has_to_be_escaped(np.frombuffer(values.buffers()[2] or _NOTHING, np.uint8)):
        return _one_by_one(values)
    return _quoted(values.cast(pa.binary()))


def _has_to_be_escaped(letters: Any) -> bool:
    """RFC 8259, section 7: control characters, quotation mark and reverse solidus."""
    return bool(((letters < ord(" ")) | (letters == ord('"')) | (letters == ord("\\"))).any())


def _quoted(values: pa.Array) -> Pieces:
    if not values.null_count:
        return [_QUOTE, values, _QUOTE]
    return [pc.binary_join_element_wise(_QUOTE, values, _QUOTE, _NOTHING)]


def _instant(values: pa.Array) -> Pieces:
    """RFC 3339; the fraction is left out where it is 0."""
    written = values.cast(pa.string())
    whole_second = pc.equal(values, values.cast(pa.timestamp("s", "UTC"), safe=False).cast(INSTANT))
    if pc.any(whole_second).as_py():
        short = values.cast(pa.timestamp("s", "UTC"), safe=False).cast(pa.string())
        written = pc.if_else(whole_second, short, written)
    dated = pc.binary_replace_slice(written, _DATE_END, _DATE_END + 1, "T")
    return _quoted(dated.cast(pa.binary()))


def _one_by_one(values: pa.Array) -> Pieces:
    written = [None if value is None else orjson.dumps(value) for value in values.to_pylist()]
    return [pa.array(written, pa.binary())]
