"""Avro in the Confluent wire format: magic byte 0, schema id as four big-endian bytes, record.

The codec itself does no I/O: the ids come from the registry at the start, and the writer's schema of
an id that it has not seen comes from the `fetch` it is given.
"""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, Protocol, Self, cast

import fastavro
from fastavro.read import SchemaResolutionError
from fastavro.schema import SchemaParseException

from schemas.contracts import EVENTS_NAMESPACE, self_contained
from schemas.deadletters import DeadLetter, DeadLetterResolved
from schemas.decoders import Decoder, decoder
from schemas.encoders import encoder
from schemas.errors import NewerRecord, TruncatedRecord, UnknownRecord, WrongMagicByte
from schemas.events import EVENT_CLASSES
from schemas.parts import PART_CLASSES, Envelope
from schemas.upcasters import upcast
from schemas.views import VIEW_CLASSES

_HEADER = struct.Struct(">bI")
# What fastavro raises on bytes that end early or do not fit.
_UNREADABLE = (EOFError, IndexError, ValueError, TypeError, OverflowError)
# What a compiled decoder raises on bytes that are not as we write them.
_ODD = (IndexError, ValueError, OverflowError, struct.error)


class Encodable(Protocol):
    """A record, or a draft of one: it has the fields of the contract that it names."""

    AVRO_NAME: ClassVar[str]


class Record(Encodable, Protocol):
    """A class generated from a contract."""

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read."""


RECORD_CLASSES: tuple[type[Record], ...] = (
    *EVENT_CLASSES,
    *VIEW_CLASSES,
    DeadLetter,
    DeadLetterResolved,
)
CLASS_BY_NAME: Mapping[str, type[Record]] = {cls.AVRO_NAME: cls for cls in RECORD_CLASSES}
_CLASSES: Mapping[str, type[Record]] = {**CLASS_BY_NAME, **{cls.AVRO_NAME: cls for cls in PART_CLASSES}}


@cache
def _parsed(name: str) -> Any:
    """Today's schema of the record called `name`."""
    return fastavro.parse_schema(dict(self_contained(name)))


def encode_body(record: Encodable) -> bytes:
    """The bare Avro bytes of `record`, without the wire format's header."""
    return encoder(record.AVRO_NAME)(record)


def read_back(draft: Encodable) -> Any:
    """The record that a subscriber reads where `draft` was written."""
    return _todays_decoder(draft.AVRO_NAME)(encode_body(draft), 0)[0]


@cache
def _todays_decoder(name: str) -> Decoder:
    return decoder(name, _CLASSES)


@dataclass(frozen=True, slots=True)
class _Writer:
    """How to read what the writer of one schema id wrote."""

    cls: type[Record]
    schema: Any
    # None where the writer's schema is today's: fastavro compares two schemas at each record.
    reader: Any
    # The short way, where there is nothing to resolve.
    decode: Decoder | None


class Codec:
    """Encodes with the ids that the registry gave, decodes what any registered writer wrote."""

    def __init__(self, ids: Mapping[str, int], fetch: Callable[[int], str]) -> None:
        """`ids`: schema id by full record name. `fetch`: the schema text of an id, or UnknownSchemaId."""
        self._headers = {name: _HEADER.pack(0, schema_id) for name, schema_id in ids.items()}
        self._fetch = fetch
        self._writers: dict[int, _Writer] = {}
        self._unknown: dict[int, Any] = {}

    def encode(self, record: Encodable) -> bytes:
        """`record` in the wire format."""
        return self._headers[record.AVRO_NAME] + encoder(record.AVRO_NAME)(record)

    def decode(self, value: bytes) -> Record:
        """The record in `value`.

        Raises WrongMagicByte, TruncatedRecord, UnknownSchemaId, UnknownRecord or NewerRecord, and what
        `fetch` raises where it gets no answer.
        """
        if len(value) < _HEADER.size:
            raise TruncatedRecord(f"{len(value)} bytes, shorter than the wire format's header")
        magic, schema_id = _HEADER.unpack_from(value)
        if magic != 0:
            raise WrongMagicByte(f"magic byte {magic}, expected 0")
        writer = self._writers.get(schema_id) or self._writer(schema_id)
        if writer.decode is not None:
            try:
                record, end = writer.decode(value, _HEADER.size)
            except _ODD:
                return _resolved(writer, value)  # it has the last word on bytes that are not as we write them
            if end == len(value):
                return cast("Record", record)
        return _resolved(writer, value)

    def written_today(self, schema_id: int) -> type[Record] | None:
        """The class of what the writer of this id writes, where its schema is today's; else None.

        Raises UnknownSchemaId, UnknownRecord, and what `fetch` raises where it gets no answer.
        """
        writer = self._writers.get(schema_id) or self._writer(schema_id)
        return writer.cls if writer.decode is not None else None

    def writer_of(self, schema_id: int) -> tuple[type[Record], Any]:
        """The class of what the writer of this id writes, and the schema that it wrote with.

        Raises as `written_today`.
        """
        writer = self._writers.get(schema_id) or self._writer(schema_id)
        return writer.cls, writer.schema

    def decode_unknown_event(self, value: bytes) -> tuple[str, Envelope]:
        """Name and envelope of an event that this version does not know, where `decode` said UnknownRecord.

        Raises UnknownRecord where it is no event, TruncatedRecord, and what `fetch` raises.
        """
        schema_id = _HEADER.unpack_from(value)[1]
        parsed = self._unknown.get(schema_id) or self._unknown.setdefault(schema_id, self._parse(schema_id))
        namespace, _, name = str(parsed.get("name") if isinstance(parsed, dict) else "").rpartition(".")
        if namespace != EVENTS_NAMESPACE:
            raise UnknownRecord(f"schema id {schema_id} is no event")
        try:
            raw: Any = fastavro.schemaless_reader(io.BytesIO(value[_HEADER.size :]), parsed, None)
            return name, Envelope.from_record(raw["envelope"])
        except (*_UNREADABLE, KeyError) as error:
            raise TruncatedRecord(f"not a {name}: {type(error).__name__}") from None

    def _parse(self, schema_id: int) -> Any:
        try:
            return fastavro.parse_schema(json.loads(self._fetch(schema_id)))
        except (ValueError, KeyError, TypeError, SchemaParseException):
            raise UnknownRecord(f"schema id {schema_id} is no Avro schema") from None

    def _writer(self, schema_id: int) -> _Writer:
        parsed = self._parse(schema_id)
        name = str(parsed.get("name")) if isinstance(parsed, dict) else "no record"
        if name not in CLASS_BY_NAME:
            raise UnknownRecord(f"schema id {schema_id} is {name}, which this version does not know")
        cls, today = CLASS_BY_NAME[name], _parsed(name)
        is_today = parsed == today
        decode = _todays_decoder(name) if is_today else None
        made = _Writer(cls, parsed, None if is_today else today, decode)
        return self._writers.setdefault(schema_id, made)


def _resolved(writer: _Writer, value: bytes) -> Record:
    """The record in `value`, by Avro's schema resolution where the writer's schema is not today's."""
    body = io.BytesIO(value[_HEADER.size :])
    try:
        raw = fastavro.schemaless_reader(body, writer.schema, writer.reader)
    except SchemaResolutionError:
        raise NewerRecord(f"{writer.cls.AVRO_NAME} of a newer version that this one cannot read") from None
    except _UNREADABLE as error:
        # The type only: fastavro's text quotes the bytes, and they may be anyone's.
        raise TruncatedRecord(f"not a {writer.cls.AVRO_NAME}: {type(error).__name__}") from None
    if body.tell() != len(value) - _HEADER.size:
        raise TruncatedRecord(f"not a {writer.cls.AVRO_NAME}: bytes left over")
    record = cast("Mapping[str, Any]", raw)  # the reader's schema is a record
    return writer.cls.from_record(upcast(writer.cls.AVRO_NAME, writer.schema, record))
