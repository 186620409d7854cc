"""How one cell is read: the columns that several tables share, and the kinds that all are made of.

A text that the source does not give is the empty string (ClickHouse stores and compares it faster than
NULL, and none of our texts is empty when it is known); a time or an id that it does not give is NULL.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple

import pyarrow as pa

from schemas.codec import Record
from sinks.clickhouse.errors import NotAnId

MAX_VERSION = 2**64 - 1


class Placed(NamedTuple):
    """A record and the place in Kafka that it came from."""

    record: Record
    topic: str
    partition: int
    offset: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its type in ClickHouse, its type on the way there, and its cell of a placed record."""

    name: str
    clickhouse: str
    arrow: pa.DataType
    read: Callable[[Placed], Any]


_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
TIME = "DateTime64(6, 'UTC')"
ARROW_TIME = pa.timestamp("us", "UTC")


def text(name: str, path: str = "") -> Column:
    """A text, empty where unknown."""
    return Column(name, "String", pa.string(), _or_empty(path or f"record.{name}", ""))


def code(name: str, path: str = "") -> Column:
    """A text with few distinct values, empty where unknown."""
    return Column(name, "LowCardinality(String)", pa.string(), _or_empty(path or f"record.{name}", ""))


def at(name: str, path: str = "") -> Column:
    """A time, UTC, that is always known."""
    return Column(name, TIME, ARROW_TIME, attrgetter(path or f"record.{name}"))


def maybe_at(name: str) -> Column:
    """A time, UTC."""
    return Column(name, f"Nullable({TIME})", ARROW_TIME, attrgetter(f"record.{name}"))


def uuid(name: str, path: str = "") -> Column:
    """An id that is always known; goes as text, whose byte order is plain. NotAnId if it is none."""
    read = attrgetter(path or f"record.{name}")
    return Column(name, "UUID", pa.string(), lambda placed: _checked_id(read(placed)))


def maybe_uuid(name: str, path: str = "") -> Column:
    """An id. NotAnId if it is none: ClickHouse would take any other text for NULL here, without a word."""
    read = attrgetter(path or f"record.{name}")

    def cell(placed: Placed) -> str | None:
        value = read(placed)
        return None if value is None else _checked_id(value)

    return Column(name, "Nullable(UUID)", pa.string(), cell)


def count(name: str) -> Column:
    """A count that fits 32 bits, 0 where it is not said."""
    return Column(name, "UInt32", pa.uint32(), _or_empty(f"record.{name}", 0))


def size(name: str) -> Column:
    """A size in bytes."""
    return Column(name, "UInt64", pa.uint64(), attrgetter(f"record.{name}"))


def maybe_number(name: str) -> Column:
    """A number that the source counts by, which may be 0 or below."""
    return Column(name, "Nullable(Int32)", pa.int32(), attrgetter(f"record.{name}"))


def flag(name: str) -> Column:
    """True or false, false where it is not said."""
    return Column(name, "Bool", pa.bool_(), _or_empty(f"record.{name}", empty=False))


def sealed(path: str) -> Sequence[Column]:
    """Ciphertext as its three columns, empty where there is none."""
    return (
        Column("phi_key_id", "String", pa.string(), _of_optional(path, "key_id", "")),
        Column("phi_nonce", "String", pa.binary(), _of_optional(path, "nonce", b"")),
        Column("phi_ciphertext", "String", pa.binary(), _of_optional(path, "ciphertext", b"")),
    )


def _checked_id(value: str) -> str:
    if not _UUID.fullmatch(value):
        raise NotAnId
    return value


def _or_empty(path: str, empty: str | int) -> Callable[[Placed], Any]:
    read = attrgetter(path)
    return lambda placed: read(placed) or empty


def _of_optional(path: str, field: str, empty: str | bytes) -> Callable[[Placed], Any]:
    read, of = attrgetter(path), attrgetter(field)

    def cell(placed: Placed) -> Any:
        whole = read(placed)
        return empty if whole is None else of(whole)

    return cell


PLACE: Sequence[Column] = (
    code("kafka_topic", "topic"),
    Column("kafka_partition", "UInt16", pa.uint16(), attrgetter("partition")),
    Column("kafka_offset", "UInt64", pa.uint64(), attrgetter("offset")),
)
FIRST_WINS = Column("version", "UInt64", pa.uint64(), lambda placed: MAX_VERSION - placed.offset)
LAST_WINS = Column("version", "UInt64", pa.uint64(), attrgetter("offset"))
