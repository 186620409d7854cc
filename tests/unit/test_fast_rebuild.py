"""Rows made of columns are the rows that the fold makes, message for message."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.bulk.steps import IS_CANCELLING, IS_PECULIAR, STEPS
from processors.clock_bounds import DEFAULT_BOUNDS
from processors.fold import LogMessage, fold_batch
from processors.turnaround import turnaround_row_of
from processors.view import view_of
from runtime.fast_rebuild.partition import Counts, partition_rows
from runtime.fast_rebuild.reading import PartitionFiles
from schemas.codec import CLASS_BY_NAME, Codec
from schemas.contracts import self_contained
from schemas.errors import UnknownSchemaId
from schemas.events import EVENT_CLASSES, Event, StudyStored
from schemas.identity import event_id
from sinks.archive.chain import ChainEnd
from sinks.archive.chain_check import read_chain
from sinks.archive.errors import ArchiveBroken
from sinks.archive.file_check import living
from sinks.archive.findings import Findings
from sinks.archive.manifest import Manifest
from sinks.archive.record import ArchivedMessage
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.rows import TURNAROUND, to_arrow
from tests.archiving import KEYS, PLACE, Bucket, archive_on, feed
from tests.histories import events_of, histories

# The ids of schemas that are not today's begin here; behind them in the order of the names.
_EARLIER = 1_000
_NAMES = sorted(CLASS_BY_NAME)


def _schema(schema_id: int) -> str:
    """Today's; an earlier one has other words, and lacks the last field where it may be null."""
    number = schema_id % _EARLIER
    if schema_id > 2 * _EARLIER or not 1 <= number <= len(_NAMES):
        raise UnknownSchemaId(f"schema id {schema_id}")
    schema = deepcopy(dict(self_contained(_NAMES[number - 1])))
    if schema_id > _EARLIER:
        schema["doc"] = "As it was called before."
        if schema["fields"][-1].get("default", "none") is None:
            schema["fields"].pop()
    return json.dumps(schema)


CODEC = Codec({name: number for number, name in enumerate(_NAMES, start=1)}, _schema)
VERSION = 7
_PECULIAR = {step for number, step in enumerate(STEPS) if IS_PECULIAR[number]}
_CANCELLING = {step for number, step in enumerate(STEPS) if IS_CANCELLING[number]}
_PLAIN = [cls for cls in EVENT_CLASSES if cls.__name__ not in _PECULIAR]
_PLAINEST = [cls for cls in _PLAIN if cls.__name__ not in _CANCELLING and cls is not StudyStored]
Message = tuple[bytes | None, bytes | None]


def _messages(events: Sequence[Event]) -> list[Message]:
    return [(event.envelope.exam_id.encode(), CODEC.encode(event)) for event in events]


def _earlier(event: Event) -> bytes:
    """As an earlier version wrote it; what that could not say is not said."""
    last = self_contained(event.AVRO_NAME)["fields"][-1]
    header = (_EARLIER + _NAMES.index(event.AVRO_NAME) + 1).to_bytes(4, "big")
    if last.get("default", "none") is not None:
        return b"\x00" + header + CODEC.encode(event)[5:]
    unsaid: dict[str, Any] = {last["name"]: None}
    return b"\x00" + header + CODEC.encode(replace(event, **unsaid))[5:-1]


def _archived(messages: Sequence[Message], per_file: int = 5) -> tuple[Bucket, list[Manifest]]:
    bucket = Bucket()
    archive = archive_on(bucket, ChainEnd(), events=per_file)
    headers = (("ce_id", b"1"), ("ce_type", None))
    feed(
        archive,
        [ArchivedMessage(n, 1_000 * n, k, v, headers[: n % 3]) for n, (k, v) in enumerate(messages)],
    )
    return bucket, living(read_chain(bucket, PLACE, archive.end.next_number - 1, KEYS, Findings()))


def _of_columns(
    messages: Sequence[Message], counts: Counts | None = None, newer: Sequence[Message] = ()
) -> list[dict[str, object]]:
    bucket, manifests = _archived(messages)
    files = PartitionFiles(bucket, manifests, verify=True)
    counts = counts or Counts()
    tables = partition_rows(files, CODEC, DEFAULT_BOUNDS, version=VERSION, counts=counts, newer=newer)
    return _sorted([row for table in tables for row in table.to_pylist()])


def _of_the_fold(messages: Sequence[Message]) -> list[dict[str, object]]:
    said = [LogMessage(0, offset, key, value) for offset, (key, value) in enumerate(messages)]
    states = fold_batch(said, CODEC, lambda _partition, _key: None).states.values()
    rows = [turnaround_row_of(view_of(state)) for state in states if state.facts]
    table: pa.Table = to_arrow(TURNAROUND, [Placed(row, "", 0, VERSION) for row in rows])
    return _sorted(table.to_pylist())


def _sorted(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    return sorted(rows, key=lambda row: str(row["exam_id"]))


def _plainly(events: Sequence[Event]) -> list[Event]:
    """The same, each said once, of one patient, and known after it happened."""
    return [
        replace(
            event,
            envelope=replace(
                event.envelope,
                event_id=event_id("plain", str(number)),
                recorded_at=max(event.envelope.recorded_at, event.envelope.occurred_at),
                patient_key="a" * 64 if event.envelope.patient_key else None,
                corrects=None,
            ),
        )
        for number, event in enumerate(events)
    ]


@settings(max_examples=80)
@given(histories())
def test_a_hostile_history_gives_the_rows_of_the_fold(events: list[Event]) -> None:
    messages = _messages(events)
    assert _of_columns(messages) == _of_the_fold(messages)


@settings(max_examples=80)
@given(st.lists(st.sampled_from(_PLAIN).flatmap(events_of), min_size=1, max_size=40).map(_plainly))
def test_a_history_that_takes_nothing_back_gives_the_rows_of_the_fold(events: list[Event]) -> None:
    messages = _messages(events)
    assert _of_columns(messages) == _of_the_fold(messages)


@settings(max_examples=80)
@given(st.lists(st.sampled_from(_PLAINEST).flatmap(events_of), min_size=1, max_size=60).map(_plainly))
def test_a_plain_history_gives_the_rows_of_the_fold_without_the_fold(events: list[Event]) -> None:
    messages, counts = _messages(events), Counts()
    assert _of_columns(messages, counts) == _of_the_fold(messages)
    assert counts.folded == 0


@settings(max_examples=60)
@given(st.lists(st.sampled_from(_PLAINEST).flatmap(events_of), min_size=1, max_size=60).map(_plainly))
def test_what_earlier_versions_wrote_needs_no_fold_either(events: list[Event]) -> None:
    messages: list[Message] = _messages(events[::2])
    messages += [(event.envelope.exam_id.encode(), _earlier(event)) for event in events[1::2]]
    counts = Counts()
    assert _of_columns(messages, counts) == _of_the_fold(messages)
    assert counts.folded == 0


@settings(max_examples=60)
@given(
    histories(),
    st.lists(st.sampled_from(_PLAINEST).flatmap(events_of), max_size=20).map(_plainly),
    st.randoms(use_true_random=False),
)
def test_what_is_no_event_is_left_out_as_the_fold_leaves_it_out(
    hostile: list[Event], plain: list[Event], chance: random.Random
) -> None:
    messages = _messages([*hostile, *plain])
    chance.shuffle(messages)
    for number, (key, value) in enumerate(messages):
        kind = chance.randrange(12)
        spoilt: dict[int, Message] = {
            0: (key, None),
            1: (None, value),
            2: (b"GENERAL|other", value),
            3: (key, (value or b"")[: chance.randrange(80)]),
            4: (key, _changed(value or b"", chance)),
        }
        messages[number] = spoilt.get(kind, (key, value))
    counts, archived = Counts(), chance.randint(0, len(messages))
    rows = _of_columns(messages[:archived], counts, newer=messages[archived:])
    assert rows == _of_the_fold(messages)
    assert counts.events == len(messages)


def _changed(value: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(value))
    return value[:at] + bytes([value[at] ^ chance.randrange(1, 256)]) + value[at + 1 :]


def test_a_file_that_is_not_what_its_manifest_says_is_refused_and_read_where_nobody_asks() -> None:
    bucket, manifests = _archived([(b"GENERAL|A1", b"no event")] * 3)
    name = manifests[0].file
    bucket.objects[name] = bucket.objects[name].replace(b"radstream.topic", b"radstream.topjc")
    with pytest.raises(ArchiveBroken, match="not the file that its manifest names"):
        list(PartitionFiles(bucket, manifests, verify=True).waves())
