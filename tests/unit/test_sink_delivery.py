"""Delivery: each good row once, each bad one dead-lettered, and nothing done that may not be repeated."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

import pyarrow as pa
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError
from hypothesis import given
from hypothesis import strategies as st

from schemas import topics
from schemas.codec import CLASS_BY_NAME, Codec
from schemas.contracts import self_contained
from schemas.deadletters import DeadLetter, DeadLetterResolved
from schemas.errors import RegistryUnavailable, UnknownSchemaId
from schemas.events import OrderPlaced
from schemas.parts import Envelope, SealedPhi, Source
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.conversion import Conversion
from sinks.clickhouse.delivery import Delivery
from sinks.clickhouse.errors import DataRefused, Unavailable, explained
from sinks.clickhouse.letters import Rejected
from sinks.clickhouse.messages import Message, Messages, messages_of
from sinks.clickhouse.metrics import SinkMetrics
from sinks.clickhouse.refusals import around_refused
from sinks.clickhouse.rows import Table

_IDS = {name: number for number, name in enumerate(CLASS_BY_NAME, start=1)}
_TEXTS = {number: json.dumps(self_contained(name)) for name, number in _IDS.items()}
_REGISTRY_AWAY = 999
_AT = datetime(2026, 1, 1, tzinfo=UTC)


def _fetch(schema_id: int) -> str:
    if schema_id == _REGISTRY_AWAY:
        raise RegistryUnavailable("away")
    if schema_id not in _TEXTS:
        raise UnknownSchemaId(str(schema_id))
    return _TEXTS[schema_id]


CODEC = Codec(_IDS, _fetch)


def _order(number: int, event_id: str = "") -> OrderPlaced:
    return OrderPlaced(
        envelope=Envelope(
            event_id=event_id or f"00000000-0000-0000-0000-{number:012}",
            exam_id="S|1",
            occurred_at=_AT,
            recorded_at=_AT,
            source=Source(system="RIS", facility="", protocol="HL7v2"),
            source_message_id=str(number),
            site="S",
        )
    )


def _batch(*values: bytes | None) -> Messages:
    messages = (Message(topics.EVENTS, 0, offset, value) for offset, value in enumerate(values))
    return messages_of(topics.EVENTS, messages)


@dataclass
class Store:
    """A table in memory that drops repeats of a token, as ClickHouse does."""

    refuses: frozenset[str] = frozenset()
    fails: int = 0
    tokens: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    removed: list[tuple[str, str, int]] = field(default_factory=list)

    def insert(self, table: Table, rows: pa.Table, token: str) -> None:
        """All or none."""
        assert table.name == "events"
        if self.fails:
            self.fails -= 1
            raise Unavailable("away")
        ids = rows["source_message_id"].to_pylist()
        if self.refuses & set(ids):
            raise DataRefused("VIOLATED_CONSTRAINT")
        if token not in self.tokens:
            self.ids += ids
        self.tokens.append(token)

    def remove(self, table: Table, exam_id: str, offset: int) -> None:
        """Note what was removed."""
        self.removed.append((table.name, exam_id, offset))


@dataclass
class Letters:
    """Kept letters; or none, while Kafka is away."""

    away: bool = False
    kept: list[Rejected] = field(default_factory=list)

    def post(self, rejected: Sequence[Rejected]) -> None:
        """Keep them."""
        if self.away:
            raise Unavailable("away")
        self.kept += rejected


CONVERSION = Conversion(CODEC)


def _delivery(store: Store, letters: Letters, metrics: SinkMetrics | None = None) -> Delivery:
    return Delivery(
        codec=CODEC,
        inserter=store,
        letters=letters,
        topic_ids={topics.EVENTS: "id", topics.DEADLETTERS: "id"},
        metrics=metrics or SinkMetrics(),
    )


def _placed(count: int) -> list[Placed]:
    return [Placed(_order(number), topics.EVENTS, 0, number) for number in range(count)]


@given(count=st.integers(1, 60), bad=st.sets(st.integers(0, 59), max_size=20))
def test_around_refused_rows_every_other_row_is_inserted_once(count: int, bad: set[int]) -> None:
    inserted: list[int] = []

    def insert(rows: Sequence[Placed]) -> None:
        offsets = [row.offset for row in rows]
        if bad & set(offsets):
            raise DataRefused("X")
        inserted.extend(offsets)

    refused = around_refused(_placed(count), insert)
    assert sorted(inserted + [row.offset for (row,), _ in refused]) == list(range(count))
    assert {row.offset for (row,), _ in refused} == bad & set(range(count))


def test_when_too_many_rows_are_refused_the_fault_is_ours_and_the_batch_waits() -> None:
    def insert(rows: Sequence[Placed]) -> None:
        raise DataRefused("TYPE_MISMATCH")

    with pytest.raises(Unavailable, match="TYPE_MISMATCH"):
        around_refused(_placed(100), insert)


def test_bad_messages_are_set_aside_with_their_reason_and_the_others_inserted() -> None:
    store, letters, metrics = Store(frozenset({"1"})), Letters(), SinkMetrics()
    values = [
        CODEC.encode(_order(0)),
        CODEC.encode(_order(1)),
        b"\x01not ours",
        None,
        CODEC.encode(_order(4, event_id="no id")),
        CODEC.encode(_order(5)),
        b"\x00\x00\x00\x00\xee unknown",
        b"\x00",
    ]
    _delivery(store, letters, metrics).deliver(CONVERSION.convert(_batch(*values)))
    assert sorted(store.ids) == ["0", "5"]
    assert {one.message.offset: one.reason for one in letters.kept} == {
        1: "VIOLATED_CONSTRAINT",
        2: "WrongMagicByte",
        3: "EmptyMessage",
        4: "NotAnId",
        6: "UnknownSchemaId",
        7: "TruncatedRecord",
    }
    assert (metrics.rows, metrics.dead_letters) == ({"events": 2}, 6)


def test_a_tombstone_of_a_view_removes_the_exams_row_and_is_no_letter() -> None:
    store, letters = Store(), Letters()
    gone = Message(topics.WORKLIST, 2, 41, None, b"GENERAL|GHOST")
    _delivery(store, letters).deliver(CONVERSION.convert(messages_of(topics.WORKLIST, (gone,))))
    assert store.removed == [("worklist", "GENERAL|GHOST", 41)]
    assert not letters.kept


def test_a_tombstone_of_turnaround_is_told_to_what_views_make_of_it_before_the_rows_go() -> None:
    gone = Message(topics.TURNAROUND, 2, 41, None, b"GENERAL|GHOST")
    done: list[tuple[str, object]] = []

    class Turnaround(Store):
        def insert(self, table: Table, rows: pa.Table, token: str) -> None:
            (row,) = rows.to_pylist()
            done.append((token, (table.name, row["exam_id"], row["interval_names"], row["version"])))

        def remove(self, table: Table, exam_id: str, offset: int) -> None:
            done.append(("remove", (table.name, exam_id, offset)))

    delivery = Delivery(
        codec=CODEC,
        inserter=Turnaround(),
        letters=Letters(),
        topic_ids={topics.TURNAROUND: "id"},
        metrics=SinkMetrics(),
    )
    delivery.deliver(CONVERSION.convert(messages_of(topics.TURNAROUND, (gone,))))
    assert done == [
        (f"{topics.TURNAROUND}:2:41-41*1@id", ("turnaround_exams", "GENERAL|GHOST", [], 41)),
        ("remove", ("turnaround_exams", "GENERAL|GHOST", 41)),
    ]


def test_a_tombstone_of_an_alert_that_kafka_may_forget_is_neither_a_row_nor_a_letter() -> None:
    store, letters = Store(), Letters()
    forgotten = Message(topics.ALERTS, 0, 7, None, b"an alert")
    _delivery(store, letters).deliver(CONVERSION.convert(messages_of(topics.ALERTS, (forgotten,))))
    assert (store.ids, letters.kept) == ([], [])


def test_a_batch_tried_again_has_the_same_token_and_inserts_once() -> None:
    store, letters = Store(), Letters(away=True)
    delivery, batch = (
        _delivery(store, letters),
        CONVERSION.convert(_batch(CODEC.encode(_order(0)), b"bad", CODEC.encode(_order(2)))),
    )
    with pytest.raises(Unavailable):
        delivery.deliver(batch)
    letters.away = False
    delivery.deliver(batch)
    assert store.tokens == ["radstream.events.v1:0:0-2*2@id"] * 2
    assert sorted(store.ids) == ["0", "2"]
    assert len(letters.kept) == 1


def test_while_clickhouse_is_away_nothing_is_dead_lettered() -> None:
    store, letters = Store(fails=1), Letters()
    with pytest.raises(Unavailable):
        _delivery(store, letters).deliver(CONVERSION.convert(_batch(CODEC.encode(_order(0)), b"bad")))
    assert letters.kept == []


def test_while_the_registry_is_away_a_message_with_a_new_schema_waits() -> None:
    with pytest.raises(Unavailable):
        CONVERSION.convert(_batch(b"\x00" + _REGISTRY_AWAY.to_bytes(4, "big") + b"body"))


def test_a_bad_message_among_the_dead_letters_makes_no_further_letter() -> None:
    letters = Letters()
    message = Message(topics.DEADLETTERS, 0, 0, b"bad")
    _delivery(Store(), letters).deliver(CONVERSION.convert(messages_of(topics.DEADLETTERS, (message,))))
    assert letters.kept == []


@given(body=st.binary(max_size=80), number=st.sampled_from(sorted(_TEXTS)))
def test_whatever_bytes_follow_a_known_header_the_delivery_ends(body: bytes, number: int) -> None:
    store, letters = Store(), Letters()
    _delivery(store, letters).deliver(CONVERSION.convert(_batch(b"\x00" + number.to_bytes(4, "big") + body)))
    assert len(store.ids) + len(letters.kept) == 1


def test_a_clickhouse_error_about_the_data_is_told_from_one_about_the_server() -> None:
    refused = explained(DatabaseError("with a value in it", code=469, name="VIOLATED_CONSTRAINT"))
    assert isinstance(refused, DataRefused)
    assert "value" not in str(refused)
    for error in (OperationalError("gone"), DatabaseError("x", code=241), DatabaseError("x", code=60)):
        assert isinstance(explained(error), Unavailable)


def test_a_letter_and_its_resolution_stand_in_one_topic_and_go_to_two_tables() -> None:
    metrics = SinkMetrics()
    letter = DeadLetter(
        dead_letter_id=str(UUID(int=1)),
        origin="hl7",
        reason="MissingAccession",
        detail="",
        recorded_at=datetime(2026, 11, 24, tzinfo=UTC),
        source=Source(system="RIS", facility="", protocol="HL7v2"),
        source_message_id="1",
        content_type="x-application/hl7-v2+er7",
        payload=SealedPhi(key_id="deadletters/1", nonce=b"", ciphertext=b""),
    )
    resolved = DeadLetterResolved(
        dead_letter_id=letter.dead_letter_id, resolution="hl7-accepted", resolved_at=letter.recorded_at
    )
    tables: list[tuple[str, list[str], str]] = []

    class Tables(Store):
        def insert(self, table: Table, rows: pa.Table, token: str) -> None:
            tables.append((table.name, rows["dead_letter_id"].to_pylist(), token))

    values = [CODEC.encode(letter), CODEC.encode(resolved)]
    messages = tuple(Message(topics.DEADLETTERS, 0, offset, value) for offset, value in enumerate(values))
    delivery = Delivery(
        codec=CODEC,
        inserter=Tables(),
        letters=Letters(),
        topic_ids={topics.DEADLETTERS: "id"},
        metrics=metrics,
    )
    delivery.deliver(CONVERSION.convert(messages_of(topics.DEADLETTERS, messages)))
    assert tables == [
        ("deadletters", [letter.dead_letter_id], f"{topics.DEADLETTERS}:0:0-0*1@id"),
        ("deadletter_resolutions", [letter.dead_letter_id], f"{topics.DEADLETTERS}:0:1-1*1@id"),
    ]
    assert metrics.rows == {"deadletters": 1, "deadletter_resolutions": 1}
