"""Messages of the log as columns of facts: the wire format read at once, as far as all in it is plain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from processors.bulk.columns import TEXTS, FactChunk, Flags, Ids
from processors.bulk.steps import NUMBER_OF_STEP
from processors.remarks import READER_OF_STEP
from schemas.codec import Codec, Record
from schemas.errors import DecodeError
from schemas.events import EVENT_CLASSES
from sinks.archive.side_by_side import Records
from sinks.clickhouse.columnar.alike import Alike, Written, by_schema, read_alike
from sinks.clickhouse.columnar.cursor import Heap, Places
from sinks.clickhouse.columnar.leaves import NotAtOnce, Slices
from sinks.clickhouse.columnar.writers import written_fields
from sinks.clickhouse.origin import Origin

_PATHS = {"site": "envelope.site", "patient_key": "envelope.patient_key"}
_UUID_LENGTH = 36
_HYPHENS = [8, 13, 18, 23]
_DIGITS = [place for place in range(_UUID_LENGTH) if place not in _HYPHENS]
_NO_DIGIT = 255
_VALUE_OF_DIGIT = np.full(256, _NO_DIGIT, np.uint8)
_VALUE_OF_DIGIT[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)


class _NotPlain(Exception):
    """Something in these messages is for the fold to judge."""


@dataclass(slots=True)
class Read:
    """What some records are: facts, and the rows of those that the fold has to judge."""

    chunks: list[FactChunk] = field(default_factory=list)
    odd: list[Places] = field(default_factory=list)


def read_facts(records: Records, codec: Codec, first_row: int) -> Read:
    """The facts of `records`, which are called by their numbers from `first_row` on.

    Raises SchemaError where the registry gives no answer.
    """
    heap = records.heap.holding(records.values.starts, records.values.ends)
    kinds, headless = by_schema(heap)
    read = Read(odd=[headless[records.keys.present[headless]]])
    for schema_id, rows in kinds:
        keyed = rows[records.keys.present[rows]]
        for alike, places in _alike(codec, schema_id, heap, keyed, read):
            try:
                read.chunks.append(_chunk(alike, records, places, first_row))
            except (_NotPlain, NotAtOnce, pa.ArrowException):
                read.odd.append(places)
    return read


def _alike(
    codec: Codec, schema_id: int, heap: Heap, rows: Places, read: Read
) -> Iterator[tuple[Alike, Places]]:
    """The messages at `rows` as far as they can be read at once; the others go to `read.odd`."""
    try:
        cls, written = _written(codec, schema_id)
        alike, places = read_alike({cls: rows}, heap, _nowhere(len(heap.starts)), written)
    except (NotAtOnce, DecodeError):
        read.odd.append(rows)
        return
    read.odd.append(np.setdiff1d(rows, places, assume_unique=True))
    if places.size:
        yield alike, places


def _written(codec: Codec, schema_id: int) -> tuple[type[Record], Written | None]:
    """What was written, and its fields where they are not today's. Raises NotAtOnce, DecodeError."""
    cls, schema = codec.writer_of(schema_id)
    if not issubclass(cls, EVENT_CLASSES):
        raise NotAtOnce(cls.AVRO_NAME)
    is_today = codec.written_today(schema_id) is not None
    return cls, None if is_today else written_fields(cls, schema)


def _nowhere(count: int) -> Origin:
    """No column asks where these came from."""
    none = np.zeros(count, np.int64)
    return Origin("", none, none)


def _chunk(alike: Alike, records: Records, places: Places, first_row: int) -> FactChunk:
    exam_ids = alike.array("envelope.exam_id")
    if not pc.all(pc.equal(exam_ids.cast(pa.binary()), _keys(records, places))).as_py():
        raise _NotPlain  # the fold takes a message only under its exam's key
    (kind,) = alike.kinds
    step = kind.cls.__name__
    chunk = FactChunk(
        step=NUMBER_OF_STEP[step],
        rows=places + first_row,
        exam_ids=exam_ids.dictionary_encode(),
        occurred_us=_instants(alike, "occurred_at"),
        recorded_us=_instants(alike, "recorded_at"),
        ids=_ids(alike.array("envelope.event_id")),
        corrects=_corrects(alike),
        texts=dict(_texts(alike, READER_OF_STEP.get(step, ""))),
        instance_counts=_counts(alike) if alike.shared.has("instance_count") else None,
    )
    alike.check_unseen()
    return chunk


def _keys(records: Records, places: Places) -> pa.Array:
    starts, ends = records.keys.starts[places], records.keys.ends[places]
    return Slices(starts, ends, is_text=False).arrow(records.heap)


def _texts(alike: Alike, reader: str) -> Iterator[tuple[str, pa.DictionaryArray]]:
    paths = {**_PATHS, "reader": reader}
    for name in TEXTS:
        path = paths.get(name, name)
        if alike.shared.has(path):
            said = alike.array(path)
            if said.null_count < len(said):
                yield name, said.dictionary_encode()


def _corrects(alike: Alike) -> Flags:
    path = "envelope.corrects"
    if not alike.shared.has(path):
        return np.zeros(len(alike), bool)
    flags: Flags = alike.array(path).is_valid().to_numpy(zero_copy_only=False)
    return flags


def _instants(alike: Alike, name: str) -> Places:
    us: Places = alike.array(f"envelope.{name}").cast(pa.int64()).to_numpy()
    return us


def _counts(alike: Alike) -> Places:
    counts: Places = alike.array("instance_count").fill_null(0).to_numpy(zero_copy_only=False)
    return counts


def _ids(ids: pa.Array) -> Ids:
    """The first eight bytes of each as a number. Raises _NotPlain where one is not as we write ids."""
    if not pc.all(pc.equal(pc.binary_length(ids), _UUID_LENGTH)).as_py():
        raise _NotPlain
    first = np.frombuffer(ids.buffers()[1], np.int32)[ids.offset]
    letters = np.frombuffer(ids.buffers()[2], np.uint8)[first : first + len(ids) * _UUID_LENGTH]
    letters = letters.reshape(-1, _UUID_LENGTH)
    digits = _VALUE_OF_DIGIT[letters[:, _DIGITS]]
    if (digits == _NO_DIGIT).any() or (letters[:, _HYPHENS] != ord("-")).any():
        raise _NotPlain
    leading = digits[:, 0:16:2] << 4 | digits[:, 1:16:2]
    return np.ascontiguousarray(leading).view(">u8").reshape(-1).astype(np.uint64)
