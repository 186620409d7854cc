"""Batches, dead letters and the circuit breaker of the fold."""

from __future__ import annotations

import io
import json
import random
import struct
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import fastavro
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processors.dead_letters import CircuitBreaker, dead_letter
from processors.exam_state import Rebuild
from processors.fold import LogMessage, Rejected, fold, fold_batch
from processors.state_codec import decode_state, encode_state
from processors.worklist import worklist_row
from schemas.codec import CLASS_BY_NAME, Codec
from schemas.contracts import self_contained
from schemas.errors import UnknownSchemaId
from schemas.events import Event, OrderCancelled
from schemas.keyring import FileKeyRing
from schemas.phi import open_bytes
from schemas.views import WorklistRow
from tests.exam_events import said
from tests.histories import EXAMS, MORNING, PATIENTS, histories
from tests.unit.test_stages import FINAL, ORDERED

SCHEMAS = [json.dumps(self_contained(name)) for name in CLASS_BY_NAME]


def _fetch(schema_id: int) -> str:
    if schema_id > len(SCHEMAS):
        raise UnknownSchemaId(f"no schema {schema_id}")
    return SCHEMAS[schema_id - 1]


CODEC = Codec({name: number for number, name in enumerate(CLASS_BY_NAME, 1)}, _fetch)


def _messages(events: list[Event]) -> list[LogMessage]:
    return [
        LogMessage(0, offset, event.envelope.exam_id.encode(), CODEC.encode(event))
        for offset, event in enumerate(events)
    ]


@given(histories(), st.integers(1, 7))
def test_batches_of_any_size_give_the_states_of_the_offline_fold(events: list[Event], size: int) -> None:
    table: dict[bytes, bytes] = {}
    messages = _messages(events)
    for start in range(0, len(messages), size):
        folded = fold_batch(messages[start : start + size], CODEC, lambda _, key: table.get(key))
        assert not folded.rejected
        table.update({key: encode_state(state) for (_, key), state in folded.states.items()})
    assert table == {exam_id.encode(): encode_state(state) for exam_id, state in fold(events).items()}


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (b"k", b"", "TruncatedRecord"),
        (b"k", b"\x01\x00\x00\x00\x01", "WrongMagicByte"),
        (b"k", b"\x00\x00\x00\xff\xffx", "UnknownSchemaId"),
        (b"k", b"\x00\x00\x00\x00\x01\x02", "TruncatedRecord"),
        (None, b"x", "ValueError"),
        (b"k", None, "ValueError"),
    ],
)
def test_a_message_that_is_no_event_is_rejected_and_the_rest_goes_on(
    key: bytes | None, value: bytes | None, reason: str
) -> None:
    folded = fold_batch([LogMessage(3, 7, key, value)], CODEC, lambda *_: None)
    assert [rejected.reason for rejected in folded.rejected] == [reason]
    assert not folded.states


def test_a_row_of_a_view_in_the_log_is_rejected() -> None:
    row = WorklistRow(
        exam_id="GENERAL|A1",
        site="GENERAL",
        stage="ordered",
        series_count=0,
        instance_count=0,
        unmatched=False,
        event_count=1,
        last_occurred_at=MORNING,
        last_recorded_at=MORNING,
    )
    folded = fold_batch([LogMessage(0, 0, b"k", CODEC.encode(row))], CODEC, lambda *_: None)
    assert folded.rejected[0].reason == "ValueError"


@pytest.mark.parametrize("raw", [b"\xff", b"\x00\x02", b"\x00\x09later", b"\x00\x02\x02A\x00\x00\x06abc"])
def test_an_exam_whose_state_no_longer_decodes_goes_on_and_is_marked_to_be_rebuilt(raw: bytes) -> None:
    folded = fold_batch(_messages([ORDERED]), CODEC, lambda *_: raw)
    assert not folded.rejected
    assert folded.unreadable == ["GENERAL|A1"]
    (state,) = folded.states.values()
    assert (len(state.facts), state.rebuild) == (1, Rebuild.UNREADABLE)
    again = fold_batch(_messages([FINAL]), CODEC, lambda *_: encode_state(state))
    assert not again.unreadable
    assert [later.rebuild for later in again.states.values()] == [Rebuild.UNREADABLE]


def test_a_message_under_the_key_of_another_exam_is_rejected() -> None:
    message = LogMessage(0, 0, b"GENERAL|A2", CODEC.encode(ORDERED))
    folded = fold_batch([message], CODEC, lambda *_: None)
    assert [rejected.reason for rejected in folded.rejected] == ["ValueError"]
    assert not folded.states


def test_an_event_whose_id_is_no_uuid_is_rejected_before_it_stops_the_fold() -> None:
    nameless = replace(ORDERED, envelope=replace(ORDERED.envelope, event_id="42"))
    correcting = replace(ORDERED, envelope=replace(ORDERED.envelope, corrects="41"))
    folded = fold_batch(_messages([nameless, correcting, FINAL]), CODEC, lambda *_: None)
    assert [rejected.reason for rejected in folded.rejected] == ["ValueError", "ValueError"]
    assert [encode_state(state) for state in folded.states.values()] == [
        encode_state(state) for state in fold([FINAL]).values()
    ]


def _of_tomorrow(event: Event) -> LogMessage:
    """`event` under a name that this version does not know, with a field more."""
    schema = dict(self_contained(event.AVRO_NAME))
    schema |= {"name": "PatientTeleported", "fields": [*schema["fields"], {"name": "to", "type": "string"}]}
    body = io.BytesIO()
    fastavro.schemaless_writer(body, fastavro.parse_schema(schema), {**event.to_record(), "to": "CT2"})
    schema_id = len(SCHEMAS) + 1
    SCHEMAS.append(json.dumps(schema))
    value = struct.pack(">bI", 0, schema_id) + body.getvalue()
    return LogMessage(0, 0, event.envelope.exam_id.encode(), value)


@settings(max_examples=30)
@given(histories(max_size=12), st.randoms(use_true_random=False))
def test_events_of_a_later_version_are_kept_and_not_shown(events: list[Event], chance: random.Random) -> None:
    strange = _of_tomorrow(said(EXAMS[0], 9, OrderCancelled, PATIENTS[0]))
    messages = [*_messages(events), strange, strange]
    chance.shuffle(messages)
    table: dict[bytes, bytes] = {}
    for message in messages:
        folded = fold_batch([message], CODEC, lambda _, key: table.get(key))
        assert not folded.rejected
        table.update({key: encode_state(state) for (_, key), state in folded.states.items()})
    state = decode_state(table[EXAMS[0].encode()])
    assert "PatientTeleported" in {fact.step for fact in state.facts.values()}
    known = fold(events).get(EXAMS[0])
    if known is not None:
        row, without = worklist_row(state), worklist_row(known)
        assert row.event_count == without.event_count + 1
        told = {"event_count", "last_occurred_at", "last_recorded_at", "site"}
        assert {n: v for n, v in row.to_record().items() if n not in told} == {
            n: v for n, v in without.to_record().items() if n not in told
        }


def test_what_is_no_event_of_any_version_is_a_dead_letter() -> None:
    schema = {"type": "record", "name": "radstream.views.Rooms", "fields": [{"name": "n", "type": "int"}]}
    SCHEMAS.append(json.dumps(schema))
    message = LogMessage(0, 0, b"k", struct.pack(">bI", 0, len(SCHEMAS)) + b"\x02")
    folded = fold_batch([message], CODEC, lambda *_: None)
    assert [rejected.reason for rejected in folded.rejected] == ["UnknownRecord"]


def test_a_dead_letter_keeps_the_bytes_sealed_and_the_same_failure_has_the_same_id(tmp_path: Path) -> None:
    ring = FileKeyRing(tmp_path / "keys", bytes(32))
    rejected = Rejected(LogMessage(2, 41, b"k", b"secret bytes"), "TruncatedRecord", "no event")
    at = datetime(2026, 11, 24, tzinfo=UTC)
    letter, again = (dead_letter(rejected, ring, "GENERAL", at) for _ in range(2))
    assert letter.dead_letter_id == again.dead_letter_id
    assert b"secret" not in letter.payload.ciphertext
    assert open_bytes(ring, letter.dead_letter_id, letter.payload) == b"secret bytes"
    assert letter.source_message_id.endswith("/2/41")


def test_the_breaker_opens_when_most_messages_are_rejected_and_not_before() -> None:
    assert not CircuitBreaker(window=100).record(99, 99)
    assert CircuitBreaker(window=100).record(100, 51)
    assert not CircuitBreaker(window=100).record(100, 50)


def test_the_breaker_forgets_old_failures() -> None:
    breaker = CircuitBreaker(window=100)
    assert breaker.record(100, 60)
    for _ in range(5):
        breaker.record(200, 0)
    assert not breaker.record(100, 10)
