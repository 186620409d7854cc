"""Batches, dead letters, the circuit breaker and the watchdog of the fold."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.dead_letters import CircuitBreaker, dead_letter
from processors.fold import LogMessage, Rejected, fold, fold_batch
from processors.state_codec import encode_state
from processors.watchdog import Progress
from schemas.codec import CLASS_BY_NAME, Codec
from schemas.contracts import self_contained
from schemas.errors import UnknownSchemaId
from schemas.events import Event
from schemas.keyring import FileKeyRing
from schemas.phi import open_bytes
from schemas.views import WorklistRow
from tests.histories import MORNING, histories
from tests.unit.test_stages import ORDERED


def _unknown(schema_id: int) -> str:
    raise UnknownSchemaId(f"no schema {schema_id}")


def _codec() -> Codec:
    names = list(CLASS_BY_NAME)

    def fetch(schema_id: int) -> str:
        return (
            json.dumps(self_contained(names[schema_id - 1]))
            if schema_id <= len(names)
            else _unknown(schema_id)
        )

    return Codec({name: number for number, name in enumerate(names, 1)}, fetch)


CODEC = _codec()


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


def test_a_state_that_no_longer_decodes_is_a_dead_letter_and_not_a_crash() -> None:
    def broken(_: int, __: bytes) -> bytes:
        return b"\xff"

    events = fold_batch(_messages([ORDERED]), CODEC, broken)
    assert [rejected.reason for rejected in events.rejected] == ["ValueError"]


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


def test_lag_without_movement_is_a_stall_and_movement_or_no_lag_is_none() -> None:
    progress = Progress(stalled_after_s=30)
    assert not progress.stalled({0: 5}, {0: 9}, 0)
    assert not progress.stalled({0: 5}, {0: 9}, 29)
    assert progress.stalled({0: 5}, {0: 9}, 31)
    assert not progress.stalled({0: 6}, {0: 9}, 32)
    assert not progress.stalled({0: 9}, {0: 9}, 99)
    assert not progress.stalled({0: 9}, {0: 10}, 100)
