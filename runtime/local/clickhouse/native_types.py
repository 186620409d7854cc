"""Where the values of a column end, in ClickHouse's Native format. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from runtime.local.clickhouse.errors import refused

_NUMBER_BYTES: Final = 8
_GLOBAL_DICTIONARY, _OWN_KEYS = 1 << 8, 1 << 9
_BYTES: Final[Mapping[str, int]] = {
    name: size
    for size, names in (
        (1, "Bool Int8 UInt8 Enum8 Nothing"),
        (2, "Int16 UInt16 Enum16 Date BFloat16"),
        (4, "Int32 UInt32 Float32 Date32 DateTime IPv4 Decimal32 Time"),
        (8, "Int64 UInt64 Float64 DateTime64 Decimal64 Time64"),
        (16, "Int128 UInt128 UUID IPv6 Decimal128"),
        (32, "Int256 UInt256 Decimal256"),
    )
    for name in names.split()
}
# Digits of a Decimal by the bytes that it takes.
_DECIMALS: Final = ((9, 4), (18, 8), (38, 16), (76, 32))
_TYPE: Final = re.compile(r"(\w+)(?:\((.*)\))?\Z", re.DOTALL)
_SEPARATOR: Final = re.compile(r"'(?:[^'\\]|\\.)*'|`(?:[^`\\]|\\.)*`|[(),]")
# A named element of a tuple: `name Type`.
_ELEMENT_NAME: Final = re.compile(r"(?:\w+|`(?:[^`\\]|\\.)*`) (?=[A-Z])")


class Incomplete(Exception):
    """The block goes on in the next piece."""


def prefix_bytes(kind: str) -> int:
    """What a column of this type says of its serialisation, before its data."""
    name, inside = _split(kind)
    if name == "LowCardinality":
        return _NUMBER_BYTES
    if name in ("Array", "Tuple", "Map"):
        return sum(prefix_bytes(_without_name(element)) for element in _elements(inside))
    return 0


def end_of(kind: str, data: bytes, at: int, rows: int) -> int:
    """Where `rows` values of the type `kind` end. Raises Incomplete."""
    name, inside = _split(kind)
    if name in _WALKS:
        return _WALKS[name](inside, data, at, rows)
    size = _size(name, inside)
    if size is None:
        raise refused(
            48,
            "NOT_IMPLEMENTED",
            f"A column of type {kind} cannot be sent to this client: convert it, as by toString()",
        )
    return _within(data, at + size * rows)


def _size(name: str, inside: str) -> int | None:
    if name == "FixedString":
        return int(inside)
    if name == "Decimal":
        digits = int(inside.partition(",")[0])
        return next(size for most, size in _DECIMALS if digits <= most)
    return 8 if name.startswith("Interval") else _BYTES.get(name)


def _strings(_: str, data: bytes, at: int, rows: int) -> int:
    for _row in range(rows):
        length, at = varint(data, at)
        at += length
    return _within(data, at)


def _nullable(inside: str, data: bytes, at: int, rows: int) -> int:
    return end_of(inside, data, at + rows, rows)


def _array(inside: str, data: bytes, at: int, rows: int) -> int:
    after = at + _NUMBER_BYTES * rows
    count = _number(data, after - _NUMBER_BYTES) if rows else 0
    return end_of(inside, data, after, count)


def _tuple(inside: str, data: bytes, at: int, rows: int) -> int:
    for element in _elements(inside):
        at = end_of(_without_name(element), data, at, rows)
    return at


def _without_name(element: str) -> str:
    return _ELEMENT_NAME.sub("", element, count=1)


def _low_cardinality(inside: str, data: bytes, at: int, rows: int) -> int:
    """A dictionary, then a place in it for each row (SerializationLowCardinality.cpp)."""
    if rows == 0:
        return at
    flags = _number(data, at)
    at += _NUMBER_BYTES
    name, of = _split(inside)
    kind = of if name == "Nullable" else inside
    for has in (_GLOBAL_DICTIONARY, _OWN_KEYS):
        if flags & has:
            keys = _number(data, at)
            at = end_of(kind, data, at + _NUMBER_BYTES, keys)
    return _within(data, at + _NUMBER_BYTES + (rows << (flags & 0xFF)))


def _map(inside: str, data: bytes, at: int, rows: int) -> int:
    return _array(f"Tuple({inside})", data, at, rows)


_WALKS: Final[Mapping[str, Callable[[str, bytes, int, int], int]]] = {
    "String": _strings,
    "Nullable": _nullable,
    "Array": _array,
    "Tuple": _tuple,
    "Map": _map,
    "LowCardinality": _low_cardinality,
}


def _split(kind: str) -> tuple[str, str]:
    found = _TYPE.match(kind)
    return (kind, "") if found is None else (found[1], found[2] or "")


def _elements(inside: str) -> list[str]:
    """The types between the commas that stand in no parentheses and no quotes."""
    parts, depth, begin = [], 0, 0
    for found in _SEPARATOR.finditer(inside):
        depth += {"(": 1, ")": -1}.get(found[0], 0)
        if found[0] == "," and depth == 0:
            parts.append(inside[begin : found.start()].strip())
            begin = found.end()
    return [*parts, inside[begin:].strip()]


def text(data: bytes, at: int) -> tuple[str, int]:
    """A text and where it ends. Raises Incomplete."""
    length, at = varint(data, at)
    end = _within(data, at + length)
    return data[at:end].decode(errors="replace"), end


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : _within(data, at + _NUMBER_BYTES)], "little")


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A number (LEB128) and where it ends. Raises Incomplete."""
    value = shift = 0
    while True:
        if at >= len(data):
            raise Incomplete
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _within(data: bytes, end: int) -> int:
    if end > len(data):
        raise Incomplete
    return end
