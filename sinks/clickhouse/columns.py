"""How a column is read, cell by cell or at once: the kinds of columns, and those that several tables share.

A text that the source does not give is the empty string (ClickHouse stores and compares it faster than
NULL, and none of our texts is empty when it is known); a time or an id that it does not give is NULL.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from schemas.codec import Record
from sinks.clickhouse.columnar.alike import Alike
from sinks.clickhouse.columnar.reader import INSTANT
from sinks.clickhouse.identifiers import check_ids, checked_id


class Placed(NamedTuple):
    """A record and the place in Kafka that it came from."""

    record: Record
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its type in ClickHouse, its type on the way there, and its cells.

    read: its cell of a placed record. read_many: its cells of many messages of one kind, the same ones.
    Raise NotAnId, pyarrow.ArrowException, OverflowError, ValueError or TypeError where a value does not fit.
    """

    name: str
    clickhouse: str
    arrow: pa.DataType
    read: Callable[[Placed], Any]
    read_many: Callable[[Alike], pa.Array]


TIME = "DateTime64(6, 'UTC')"


def text(name: str, path: str = "") -> Column:
    """A text, empty where unknown. `path`: of the record's field, where it is not called as the column."""
    return _or_empty(name, path, "String", pa.string(), "")


def code(name: str, path: str = "") -> Column:
    """A text with few distinct values, empty where unknown."""
    return _or_empty(name, path, "LowCardinality(String)", pa.string(), "")


def at(name: str, path: str = "") -> Column:
    """A time, UTC, that is always known."""
    return _as_it_is(name, path, TIME, INSTANT)


def maybe_at(name: str) -> Column:
    """A time, UTC."""
    return _as_it_is(name, "", f"Nullable({TIME})", INSTANT)


def uuid(name: str, path: str = "") -> Column:
    """An id that is always known; goes as text, whose byte order is plain. NotAnId if it is none."""
    read = _reading(path or name)
    many = _ids(path or name)
    return Column(name, "UUID", pa.string(), lambda placed: checked_id(read(placed)), many)


def maybe_uuid(name: str, path: str = "") -> Column:
    """An id. NotAnId if it is none: ClickHouse would take any other text for NULL here, without a word."""
    read = _reading(path or name)

    def cell(placed: Placed) -> str | None:
        value = read(placed)
        return None if value is None else checked_id(value)

    return Column(name, "Nullable(UUID)", pa.string(), cell, _ids(path or name))


def count(name: str) -> Column:
    """A count that fits 32 bits, 0 where it is not said."""
    return _or_empty(name, "", "UInt32", pa.uint32(), 0)


def size(name: str) -> Column:
    """A size in bytes."""
    return _as_it_is(name, "", "UInt64", pa.uint64())


def maybe_number(name: str) -> Column:
    """A number that the source counts by, which may be 0 or below."""
    return _as_it_is(name, "", "Nullable(Int32)", pa.int32())


def maybe_probability(name: str) -> Column:
    """A probability, 0 to 1."""
    return _as_it_is(name, "", "Nullable(Float32)", pa.float32())


def flag(name: str) -> Column:
    """True or false, false where it is not said."""
    return _or_empty(name, "", "Bool", pa.bool_(), empty=False)


def maybe_flag(name: str) -> Column:
    """True or false, or not known."""
    return _as_it_is(name, "", "Nullable(Bool)", pa.bool_())


def sealed(path: str) -> Sequence[Column]:
    """Ciphertext as its three columns, empty where there is none."""
    return (
        _of_optional("phi_key_id", path, "key_id", ""),
        _of_optional("phi_nonce", path, "nonce", b""),
        _of_optional("phi_ciphertext", path, "ciphertext", b""),
    )


def each(name: str, path: str, clickhouse: str, arrow: pa.DataType) -> Column:
    """`path` is an array, or ARRAY.FIELD a part of its items; an array that is not there is an empty one."""
    field, _, part = path.partition(".")
    read: Callable[[Any], Any] = attrgetter(part) if part else lambda item: item
    kind = pa.list_(arrow)

    def cell(placed: Placed) -> list[Any]:
        return [read(item) for item in getattr(placed.record, field) or ()]

    return Column(name, f"Array({clickhouse})", kind, cell, lambda alike: alike.array(path).cast(kind))


def _reading(path: str) -> Callable[[Placed], Any]:
    return attrgetter(f"record.{path}")


def _as_it_is(name: str, path: str, clickhouse: str, arrow: pa.DataType) -> Column:
    field = path or name
    return Column(name, clickhouse, arrow, _reading(field), lambda alike: alike.array(field).cast(arrow))


def _or_empty(name: str, path: str, clickhouse: str, arrow: pa.DataType, empty: str | int) -> Column:
    field, read = path or name, _reading(path or name)

    def many(alike: Alike) -> pa.Array:
        return pc.fill_null(alike.array(field), empty).cast(arrow)

    return Column(name, clickhouse, arrow, lambda placed: read(placed) or empty, many)


def _of_optional(name: str, path: str, field: str, empty: str | bytes) -> Column:
    read, of = _reading(path), attrgetter(field)
    whole_path, arrow = f"{path}.{field}", pa.string() if isinstance(empty, str) else pa.binary()

    def cell(placed: Placed) -> Any:
        whole = read(placed)
        return empty if whole is None else of(whole)

    def many(alike: Alike) -> pa.Array:
        return pc.fill_null(alike.array(whole_path), empty)

    return Column(name, "String", arrow, cell, many)


def _ids(path: str) -> Callable[[Alike], pa.Array]:
    def many(alike: Alike) -> pa.Array:
        ids = alike.array(path)
        check_ids(ids.drop_null())
        return ids

    return many
