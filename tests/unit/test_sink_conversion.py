"""Many messages at once become the same rows, and the same letters, as one by one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import topics
from schemas.codec import CLASS_BY_NAME, Codec, Record
from schemas.contracts import self_contained
from schemas.errors import UnknownSchemaId
from schemas.events import EVENT_CLASSES, DoseReported, OrderPlaced
from schemas.views import TurnaroundRow, WorklistRow
from sinks.clickhouse.columnar.alike import HEADER_BYTES, read_alike
from sinks.clickhouse.columnar.cursor import Heap
from sinks.clickhouse.columnar.leaves import NotAtOnce
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.conversion import Conversion
from sinks.clickhouse.converted import Converted
from sinks.clickhouse.messages import Message, Messages, messages_of
from sinks.clickhouse.origin import Origin
from sinks.clickhouse.rows import TABLE_BY_TOPIC, tables_of, to_arrow
from sinks.clickhouse.table import alike_to_arrow
from tests.fitting_records import records
from tests.strategies import records as any_records

_IDS = {name: number for number, name in enumerate(CLASS_BY_NAME, start=1)}
_TEXTS = {number: json.dumps(self_contained(name)) for name, number in _IDS.items()}
_OLDER = 900


def _fetch(schema_id: int) -> str:
    if schema_id == _OLDER:  # an optional field less: read by schema resolution
        contract = dict(self_contained(OrderPlaced.AVRO_NAME))
        return json.dumps({**contract, "fields": contract["fields"][:-1]})
    if schema_id not in _TEXTS:
        raise UnknownSchemaId(str(schema_id))
    return _TEXTS[schema_id]


CODEC = Codec(_IDS, _fetch)
AT_ONCE, ONE_BY_ONE = Conversion(CODEC, many=1), Conversion(CODEC, many=10**9)
CLASSES = [cls for cls in CLASS_BY_NAME.values() if any(cls in t.accepts for t in TABLE_BY_TOPIC.values())]
_TOPIC_OF_VIEW = {WorklistRow: topics.WORKLIST, TurnaroundRow: topics.TURNAROUND}
# What is kept as JSON, and has bytes or arrays in it, is written one by one.
_NEVER_AT_ONCE = {"ErasureConfirmed", "ErasureRequested", "RisMessageKept", "TargetsPublished"}


def _topic(cls: type[Record]) -> str:
    return next(topic for topic, table in TABLE_BY_TOPIC.items() if cls in table.accepts)


def _batch(topic: str, values: Sequence[bytes]) -> Messages:
    return messages_of(topic, (Message(topic, n % 3, n, value, b"key") for n, value in enumerate(values)))


def _said(converted: Converted) -> tuple[Any, ...]:
    """Rows by table in the order of the log, and what was rejected, why, and as what."""
    rows = {rows.table.name: rows.in_log_order() for rows in converted.rows}
    tables = {name: (of.arrow.to_pylist(), list(of.messages)) for name, of in rows.items()}
    rejected = sorted((one.message, one.reason, repr(one.record)) for one in converted.rejected)
    return tables, rejected, converted.removed


def _same_both_ways(topic: str, values: Sequence[bytes]) -> None:
    batch = _batch(topic, values)
    assert _said(AT_ONCE.convert(batch)) == _said(ONE_BY_ONE.convert(batch))


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
@settings(max_examples=4)
@given(data=st.data())
def test_records_of_each_kind_become_the_same_columns(cls: type[Record], data: st.DataObject) -> None:
    said = data.draw(st.lists(records(cls), min_size=1, max_size=6))
    topic, count = _topic(cls), len(said)
    table = next(table for table in tables_of(topic) if cls in table.accepts)
    heap = Heap([CODEC.encode(record) for record in said])
    origin = Origin(topic, np.zeros(count, np.int64), np.arange(count))
    alike, read = read_alike({cls: np.arange(count)}, heap, origin)
    assert len(read) == count
    wanted = to_arrow(table, [Placed(record, topic, 0, offset) for offset, record in enumerate(said)])
    try:
        assert alike_to_arrow(table, alike).equals(wanted)
    except NotAtOnce:
        assert cls.__name__ in _NEVER_AT_ONCE


@settings(max_examples=60)
@given(data=st.data(), topic=st.sampled_from(sorted(TABLE_BY_TOPIC)))
def test_damaged_bytes_are_told_from_whole_ones_as_one_by_one(data: st.DataObject, topic: str) -> None:
    kinds = [cls for cls in CLASSES if any(cls in table.accepts for table in tables_of(topic))]
    whole = st.sampled_from(kinds).flatmap(lambda cls: records(cls) | any_records(cls)).map(CODEC.encode)
    values = data.draw(st.lists(whole | _damaged(whole), min_size=1, max_size=8))
    _same_both_ways(topic, values)


def _damaged(whole: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    cut = st.tuples(whole, st.integers(0, 400)).map(lambda drawn: drawn[0][: drawn[1]])
    longer = st.tuples(whole, st.binary(min_size=1, max_size=20)).map(lambda drawn: drawn[0] + drawn[1])
    changed = st.tuples(whole, st.integers(0, 400), st.integers(1, 255)).map(lambda drawn: _changed(*drawn))
    return cut | longer | changed | st.binary(max_size=12)


def _changed(value: bytes, at: int, by: int) -> bytes:
    at %= len(value)
    return value[:at] + bytes([value[at] ^ by]) + value[at + 1 :]


@given(
    bodies=st.lists(st.binary(max_size=60), min_size=1, max_size=5), number=st.sampled_from(sorted(_TEXTS))
)
def test_whatever_bytes_follow_a_known_header_both_ways_say_the_same(
    bodies: list[bytes], number: int
) -> None:
    header = b"\x00" + number.to_bytes(4, "big")
    for topic in (topics.EVENTS, topics.WORKLIST, topics.TURNAROUND):
        _same_both_ways(topic, [header + body for body in bodies])


@settings(max_examples=20)
@given(said=st.lists(records(OrderPlaced), min_size=1, max_size=4))
def test_what_an_older_writer_wrote_is_resolved(said: list[Record]) -> None:
    last = self_contained(OrderPlaced.AVRO_NAME)["fields"][-1]["name"]
    older = [replace(record, **{last: None}) for record in said]  # type: ignore[type-var]  # a record is a dataclass
    values = [b"\x00" + _OLDER.to_bytes(4, "big") + CODEC.encode(record)[HEADER_BYTES:-1] for record in older]
    (rows,) = AT_ONCE.convert(_batch(topics.EVENTS, values)).rows
    (wanted,) = ONE_BY_ONE.convert(_batch(topics.EVENTS, [CODEC.encode(record) for record in older])).rows
    assert rows.in_log_order().arrow.equals(wanted.in_log_order().arrow)


@pytest.mark.parametrize(
    "text", ['quoted "so"', "back\\slash", "line\nbreak", "\x00\x1f", "\x7f\u2028é𝄞", "", "null"]
)
@settings(max_examples=3)
@given(order=records(OrderPlaced))
def test_texts_in_the_payload_are_escaped_as_one_by_one(text: str, order: OrderPlaced) -> None:
    said = replace(order, procedure_name=text, accession_number=text)
    _same_both_ways(topics.EVENTS, [CODEC.encode(said), CODEC.encode(order)])


@pytest.mark.parametrize("number", [0.0, -0.0, 1.0, 1e16, 1e-7, 123456.789, float("nan"), float("inf")])
@settings(max_examples=3)
@given(dose=records(DoseReported))
def test_numbers_in_the_payload_are_written_as_one_by_one(number: float, dose: DoseReported) -> None:
    _same_both_ways(topics.EVENTS, [CODEC.encode(replace(dose, dlp_mgycm=number))])


@settings(max_examples=2)
@given(said=st.tuples(*map(records, EVENT_CLASSES)))
def test_an_event_of_each_kind_in_one_batch_goes_to_one_table(said: tuple[Record, ...]) -> None:
    values = [CODEC.encode(record) for record in said]
    (rows,) = AT_ONCE.convert(_batch(topics.EVENTS, values)).rows
    assert len(rows) == len(EVENT_CLASSES)
    _same_both_ways(topics.EVENTS, values)
