"""The wire format: what goes in comes out, and bytes that are none of ours get one clear error each."""

from __future__ import annotations

import dataclasses
import io
import json
import struct
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import avro.io
import avro.schema
import fastavro
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from schemas.codec import CLASS_BY_NAME, RECORD_CLASSES, Codec, Record, encode_body
from schemas.contracts import self_contained
from schemas.errors import (
    DecodeError,
    NewerRecord,
    TruncatedRecord,
    UnknownRecord,
    UnknownSchemaId,
    WrongMagicByte,
)
from schemas.events import OrderPlaced
from schemas.varints import EPOCH, NUMBERS, instant, long_number, microseconds
from tests.strategies import any_record, records

IDS = {name: number for number, name in enumerate(CLASS_BY_NAME, 100)}
TEXTS = {number: json.dumps(self_contained(name)) for name, number in IDS.items()}


@dataclass
class Registered:
    """Schema texts by id, as a registry holds them; counts the questions."""

    texts: dict[int, str] = field(default_factory=lambda: dict(TEXTS))
    asked: list[int] = field(default_factory=list)

    def fetch(self, schema_id: int) -> str:
        self.asked.append(schema_id)
        if schema_id not in self.texts:
            raise UnknownSchemaId(f"the registry has no schema {schema_id}")
        return self.texts[schema_id]


def _codec(**texts: str) -> Codec:
    registered = Registered(TEXTS | {int(key.removeprefix("id")): text for key, text in texts.items()})
    return Codec(IDS, registered.fetch)


CODEC = _codec()


@given(any_record())
def test_every_record_comes_back_as_it_was(record: Record) -> None:
    assert CODEC.decode(CODEC.encode(record)) == record


@pytest.mark.parametrize("cls", RECORD_CLASSES, ids=lambda cls: cls.__name__)
def test_a_record_of_each_class_comes_back_as_it_was(cls: type[Record]) -> None:
    @given(records(cls))
    def comes_back(record: Record) -> None:
        decoded = CODEC.decode(CODEC.encode(record))
        assert decoded == record
        assert type(decoded) is cls

    comes_back()


@given(any_record())
def test_the_header_is_the_magic_byte_and_the_schema_id(record: Record) -> None:
    value = CODEC.encode(record)
    assert struct.unpack(">bI", value[:5]) == (0, IDS[record.AVRO_NAME])
    assert value[5:] == encode_body(record)


@given(any_record())
def test_the_reference_library_reads_what_we_wrote_to_the_last_byte(record: Record) -> None:
    body = io.BytesIO(encode_body(record))
    schema = avro.schema.parse(json.dumps(self_contained(record.AVRO_NAME)))
    read = avro.io.DatumReader(schema).read(avro.io.BinaryDecoder(body))
    assert body.read() == b""
    assert isinstance(read, dict)
    assert type(record).from_record(read) == record


@given(any_record(), st.integers(-128, 127).filter(bool))
def test_another_magic_byte_is_said_to_be_one(record: Record, magic: int) -> None:
    value = struct.pack(">b", magic) + CODEC.encode(record)[1:]
    with pytest.raises(WrongMagicByte, match=f"magic byte {magic}"):
        CODEC.decode(value)


@given(any_record())
def test_a_record_cut_off_at_any_length_is_truncated(record: Record) -> None:
    value = CODEC.encode(record)
    for length in range(len(value)):
        with pytest.raises(TruncatedRecord):
            CODEC.decode(value[:length])


@given(any_record(), st.binary(min_size=1))
def test_bytes_after_the_record_are_not_passed_over(record: Record, rest: bytes) -> None:
    with pytest.raises(TruncatedRecord, match="left over"):
        CODEC.decode(CODEC.encode(record) + rest)


def test_an_id_that_the_registry_does_not_know_is_an_unknown_schema_id() -> None:
    with pytest.raises(UnknownSchemaId, match="7"):
        CODEC.decode(struct.pack(">bI", 0, 7) + b"body")


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"type": "record", "name": "Other", "namespace": "elsewhere", "fields": []}, "elsewhere.Other"),
        (
            {"type": "record", "name": "WeightMeasured", "namespace": "radstream.events", "fields": []},
            "Weight",
        ),
        ("string", "schema id 7"),
        (["null", "string"], "schema id 7"),
        ({"type": "array", "items": "string"}, "schema id 7"),
        ({"type": "object", "properties": {}}, "no Avro schema"),
        ({"name": "OrderPlaced"}, "no Avro schema"),
    ],
    ids=["foreign", "newer", "primitive", "union", "array", "json-schema", "no-type"],
)
def test_a_schema_that_is_no_record_of_ours_is_an_unknown_record(schema: object, said: str) -> None:
    with pytest.raises(UnknownRecord, match=said):
        _codec(id7=json.dumps(schema)).decode(struct.pack(">bI", 0, 7))


def test_a_schema_text_that_is_no_avro_is_an_unknown_record() -> None:
    with pytest.raises(UnknownRecord, match="no Avro schema"):
        _codec(id7='syntax = "proto3";').decode(struct.pack(">bI", 0, 7))


def test_a_writer_that_does_not_go_with_our_contract_is_a_decode_error() -> None:
    alien = {
        "type": "record",
        "name": "radstream.events.OrderPlaced",
        "fields": [{"name": "x", "type": "int"}],
    }
    with pytest.raises(NewerRecord, match="OrderPlaced"):
        _codec(id7=json.dumps(alien)).decode(struct.pack(">bI", 0, 7) + b"\x02")


def test_a_schema_is_asked_for_once() -> None:
    registered = Registered()
    codec = Codec(IDS, registered.fetch)
    value = struct.pack(">bI", 0, IDS[OrderPlaced.AVRO_NAME]) + b"\x00"
    for _ in range(3):
        with pytest.raises(TruncatedRecord):
            codec.decode(value)
    assert registered.asked == [IDS[OrderPlaced.AVRO_NAME]]


@given(records(OrderPlaced), st.data())
def test_a_field_that_a_newer_writer_added_is_passed_over(record: Record, data: st.DataObject) -> None:
    newer = json.loads(TEXTS[IDS[OrderPlaced.AVRO_NAME]])
    newer["fields"].append({"name": "contrast", "type": ["null", "string"], "default": None})
    body = encode_body(record) + data.draw(st.sampled_from([b"\x00", b"\x02\x06yes"]))
    assert _codec(id7=json.dumps(newer)).decode(struct.pack(">bI", 0, 7) + body) == record


def _damaged(value: bytes, position: int, by: int) -> bytes:
    position %= len(value)
    return value[:position] + bytes([value[position] ^ by]) + value[position + 1 :]


ANY_BODY = st.builds(
    lambda number, body: struct.pack(">bI", 0, number) + body, st.sampled_from(sorted(TEXTS)), st.binary()
)
DAMAGED = st.builds(_damaged, any_record().map(CODEC.encode), st.integers(0, 4096), st.integers(1, 255))


@given(st.binary() | ANY_BODY | DAMAGED)
@example(b"")
@example(struct.pack(">bI", 0, IDS[OrderPlaced.AVRO_NAME]) + b"\xff" * 64)
def test_bytes_that_are_none_of_ours_raise_nothing_but_a_decode_error(value: bytes) -> None:
    try:
        record = CODEC.decode(value)
    except DecodeError:
        return
    assert value[1:5] == struct.pack(">I", IDS[record.AVRO_NAME])


@given(any_record().map(CODEC.encode), st.integers(0, 4096))
def test_no_error_quotes_the_bytes_that_it_is_about(value: bytes, cut: int) -> None:
    with pytest.raises(DecodeError) as caught:
        CODEC.decode(value[: cut % len(value)])
    assert len(str(caught.value)) < 120


def _fastavros(record: Record) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(
        out, fastavro.parse_schema(dict(self_contained(record.AVRO_NAME))), record.to_record()
    )
    return out.getvalue()


@given(any_record())
def test_the_compiled_encoder_writes_what_fastavro_writes(record: Record) -> None:
    assert encode_body(record) == _fastavros(record)


@given(DAMAGED | ANY_BODY)
def test_the_compiled_decoder_reads_of_any_bytes_what_fastavro_reads(value: bytes) -> None:
    """A writer's schema with one more doc differs from ours, and so goes the long way."""
    number = int.from_bytes(value[1:5])
    assume(number in TEXTS)
    resolving = _codec(**{f"id{number}": json.dumps({**json.loads(TEXTS[number]), "doc": "another"})})
    assert _outcome(CODEC, value) == _outcome(resolving, value)


def _outcome(codec: Codec, value: bytes) -> object:
    try:
        return codec.decode(value)
    except DecodeError as error:
        return type(error)


@given(any_record())
def test_what_was_decoded_can_no_more_be_changed_than_what_was_built(record: Record) -> None:
    decoded = CODEC.decode(CODEC.encode(record))
    name = dataclasses.fields(decoded)[0].name  # type: ignore[arg-type]  # every record is a dataclass
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(decoded, name, None)
    assert repr(decoded) == repr(record)


@given(st.integers(-(2**63), 2**63 - 1), st.binary(max_size=9))
def test_a_number_of_any_length_is_read_back_wherever_it_stands(number: int, rest: bytes) -> None:
    body = NUMBERS[number]
    assert long_number(b"?" + body + rest, 1) == (number, len(body))


@given(st.datetimes(timezones=st.just(UTC)), st.binary(max_size=9))
def test_an_instant_of_any_year_is_read_back_wherever_it_stands(moment: datetime, rest: bytes) -> None:
    body = microseconds((moment - EPOCH) // timedelta(microseconds=1))
    assert instant(b"?" + body + rest, 1) == (moment, len(body) + 1)


@pytest.mark.parametrize("body", [b"\xff" * 1_000_000, b"\xff" * 9 + b"\x7f"])
def test_a_number_that_does_not_end_is_given_up_after_ten_bytes(body: bytes) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        long_number(body, 0)
