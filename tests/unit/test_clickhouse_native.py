"""Blocks for newer clients: what stands before each block and each column's data, and nothing else."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.local.clickhouse.errors import ClickHouseError
from runtime.local.clickhouse.native import NativeBlocks

_INFO = bytes.fromhex("010002ffffffff00")


class Column(NamedTuple):
    """A column as the engine writes it."""

    name: str
    kind: str
    data: bytes


class Received:
    """What a client gets."""

    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data

    def check(self) -> None:
        """It is there."""


def number(value: int) -> bytes:
    """LEB128."""
    written = bytearray()
    while value > 0x7F:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*written, value])


def text(value: str) -> bytes:
    return number(len(value.encode())) + value.encode()


def wide(value: int) -> bytes:
    return value.to_bytes(8, "little")


def low_cardinality(values: list[str]) -> bytes:
    """Without what stands before all data of the column."""
    if not values:
        return b""
    keys = sorted({*values})
    places = bytes(keys.index(value) for value in values)
    return wide(1 << 9) + wide(len(keys)) + b"".join(map(text, keys)) + wide(len(values)) + places


def offsets(lists: list[list[str]]) -> bytes:
    ends = [sum(len(one) for one in lists[: place + 1]) for place in range(len(lists))]
    return b"".join(map(wide, ends))


def columns_of(rows: list[list[str]]) -> list[Column]:
    """Columns of several kinds made from the same lists of texts."""
    firsts, flat = [row[0] if row else "" for row in rows], [value for row in rows for value in row]
    texts, nulls = b"".join(map(text, firsts)), bytes(not row for row in rows)
    prefix = wide(1) if rows else b""
    return [
        Column("plain", "String", texts),
        Column("count", "UInt16", b"".join(len(row).to_bytes(2, "little") for row in rows)),
        Column("maybe", "Nullable(String)", nulls + texts),
        Column("code", "LowCardinality(String)", prefix + low_cardinality(firsts)),
        Column("codes", "Array(LowCardinality(String))", prefix + offsets(rows) + low_cardinality(flat)),
        Column("at", "DateTime64(6, 'Etc/UTC, (odd)')", bytes(8 * len(rows))),
        Column("pair", "Tuple(a Decimal(18, 2), `b c` FixedString(3))", bytes(11 * len(rows))),
        Column(
            "map",
            "Map(String, Enum8('(' = 1, ',' = 2))",
            offsets(rows) + b"".join(map(text, flat)) + bytes(len(flat)),
        ),
    ]


def block(columns: list[Column], rows: int, flag: bytes = b"") -> bytes:
    written = (text(one.name) + text(one.kind) + flag + one.data for one in columns)
    return number(len(columns)) + number(rows) + b"".join(written)


_ROWS = st.lists(st.lists(st.text(max_size=4), max_size=3), max_size=5)


@given(st.lists(_ROWS, min_size=1, max_size=3), st.integers(1, 60))
def test_every_block_comes_through_whole_however_it_is_cut(blocks: list[list[list[str]]], cut: int) -> None:
    tables = [(columns_of(rows), len(rows)) for rows in blocks]
    engine = b"".join(block(columns, rows) for columns, rows in tables)
    received = Received()
    converting = NativeBlocks(received)
    for at in range(0, len(engine), cut):
        converting.write(engine[at : at + cut])
    converting.end()
    assert received.data == b"".join(_INFO + block(columns, rows, b"\0") for columns, rows in tables)


def test_a_type_that_cannot_be_walked_through_says_what_to_do() -> None:
    kind = "AggregateFunction(sum, UInt64)"
    with pytest.raises(ClickHouseError, match="convert it") as caught:
        NativeBlocks(Received()).write(block([Column("state", kind, b"12345678")], 1))
    assert caught.value.status == 501


def test_half_a_block_is_an_error_and_no_answer() -> None:
    converting = NativeBlocks(Received())
    converting.write(block([Column("a", "UInt64", bytes(8))], 1)[:-1])
    with pytest.raises(ClickHouseError, match="inside a block"):
        converting.end()
