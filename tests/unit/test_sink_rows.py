"""Records to rows: every record of every topic fits its table, and says there what it said before."""

from __future__ import annotations

import re
import string
from base64 import b64decode
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.codec import Record
from schemas.deadletters import DeadLetter
from schemas.events import EVENT_CLASSES, Event, InstanceStored
from schemas.parts import ExcludedInterval, Interval, SealedPhi
from schemas.topics import DUE, topic_of, topic_specs
from schemas.topics import EVENTS as EVENTS_TOPIC
from schemas.views import TurnaroundRow, WorklistRow
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.errors import NotAnId
from sinks.clickhouse.migrate import MIGRATIONS_DIR, load
from sinks.clickhouse.place_columns import MAX_VERSION
from sinks.clickhouse.rows import (
    DEADLETTERS,
    EVENTS,
    INSTANCES,
    RESOLUTIONS,
    TABLE_BY_TOPIC,
    TURNAROUND,
    WORKLIST,
    Table,
    event_payload,
    to_arrow,
)
from tests.fitting_records import records

# Arrow's first conversion loads pandas: not within the deadline of whichever test comes first.
to_arrow(EVENTS, ())

ANY_EVENT: st.SearchStrategy[Event] = st.one_of([records(cls) for cls in EVENT_CLASSES])
OFFSETS = st.integers(0, 2**63 - 1)


def _row(table: Table, record: Record, offset: int = 7) -> dict[str, Any]:
    rows = to_arrow(table, [Placed(record, "topic", 3, offset)])
    assert rows.schema.equals(table.schema)
    (row,) = rows.to_pylist()
    return dict(row)


def _declared(table: str) -> list[tuple[str, str]]:
    """Names and types as the migrations leave them: created, and added behind one that was there."""
    statements = [statement for migration in load(MIGRATIONS_DIR) for statement in migration.statements]
    (created,) = (s for s in statements if s.startswith(f"CREATE TABLE IF NOT EXISTS {table}\n"))
    columns: list[tuple[str, str]] = re.findall(r"^    (\w+) (\w[^\n]*?) COMMENT '", created, re.MULTILINE)
    for statement in statements:
        if statement.startswith(f"ALTER TABLE {table}\n"):
            for name, kind, after in re.findall(
                r"ADD COLUMN IF NOT EXISTS (\w+) (\w.*?) COMMENT '.*' AFTER (\w+)", statement
            ):
                columns.insert([known for known, _ in columns].index(after) + 1, (name, kind))
    return columns


@pytest.mark.parametrize("table", [*TABLE_BY_TOPIC.values(), RESOLUTIONS], ids=lambda table: table.name)
def test_columns_are_those_of_the_table_in_order_and_type(table: Table) -> None:
    assert [(column.name, column.clickhouse) for column in table.columns] == _declared(table.name)


def test_every_topic_but_the_changelog_and_what_is_due_at_the_moment_has_a_table() -> None:
    published = {spec.name for spec in topic_specs(1) if not spec.name.endswith("-changelog")} - {DUE}
    assert set(TABLE_BY_TOPIC) == published


def test_each_event_has_a_place_in_the_table_of_its_topic() -> None:
    for cls in EVENT_CLASSES:
        assert cls in TABLE_BY_TOPIC[topic_of(cls.AVRO_NAME)].accepts


@given(event=ANY_EVENT, offset=OFFSETS)
def test_an_event_row_says_what_the_event_says(event: Event, offset: int) -> None:
    row, envelope = _row(EVENTS, event, offset), event.envelope
    assert row["event_id"] == envelope.event_id
    assert row["event_type"] == type(event).__name__
    assert (row["occurred_at"], row["recorded_at"]) == (envelope.occurred_at, envelope.recorded_at)
    assert row["corrects"] == envelope.corrects
    assert row["swim_code"] == (envelope.swim_code or "")
    sealed = envelope.phi or SealedPhi(key_id="", nonce=b"", ciphertext=b"")
    assert (row["phi_key_id"], row["phi_nonce"], row["phi_ciphertext"]) == (
        sealed.key_id,
        sealed.nonce,
        sealed.ciphertext,
    )
    assert (row["kafka_topic"], row["kafka_partition"], row["kafka_offset"]) == ("topic", 3, offset)


@given(event=ANY_EVENT)
def test_the_payload_holds_the_own_fields_and_nothing_of_the_envelope(event: Event) -> None:
    payload = orjson.loads(event_payload(event))
    assert set(payload) == {field.name for field in fields(event)} - {"envelope"}
    for name, value in payload.items():
        own = getattr(event, name)
        assert _read(value, own) == own


def _read(value: Any, own: Any) -> Any:
    """What JSON says, in the types of `own`."""
    if isinstance(own, datetime):
        return datetime.fromisoformat(value)
    if isinstance(own, bytes):
        return b64decode(value)
    if isinstance(own, tuple):
        return tuple(_read(*pair) for pair in zip(value, own, strict=True))
    if is_dataclass(own) and not isinstance(own, type):
        return replace(own, **{name: _read(said, getattr(own, name)) for name, said in value.items()})
    return value


@given(event=records(InstanceStored))
def test_an_instance_row_has_its_own_fields_as_columns(event: InstanceStored) -> None:
    row = _row(INSTANCES, event)
    for field in fields(event):
        if field.name != "envelope":
            own = getattr(event, field.name)
            is_text = str(field.type).startswith("str")
            assert row[field.name] == ("" if own is None and is_text else own)


@given(record=records(WorklistRow))
def test_a_worklist_row_says_what_the_record_says(record: WorklistRow) -> None:
    row = _row(WORKLIST, record)
    for field in fields(record):
        own = getattr(record, field.name)
        if field.name == "phi":
            assert row["phi_ciphertext"] == (b"" if own is None else own.ciphertext)
        elif own is None and not field.name.endswith(("_at", "_id")):
            assert not row[field.name]
            assert row[field.name] is not None
        else:
            assert row[field.name] == (list(own) if isinstance(own, tuple) else own)


@given(record=records(TurnaroundRow))
def test_a_turnaround_row_holds_all_intervals_and_no_others(record: TurnaroundRow) -> None:
    row = _row(TURNAROUND, record)
    arrays = ("interval_names", "interval_starts", "interval_ends", "interval_seconds")
    unfolded = zip(*(row[name] for name in arrays), strict=True)
    assert [Interval(name=n, start_at=s, end_at=e, seconds=d) for n, s, e, d in unfolded] == list(
        record.intervals
    )
    arrays = ("excluded_names", "excluded_reasons", "excluded_starts", "excluded_ends")
    unfolded = zip(*(row[name] for name in arrays), strict=True)
    assert [ExcludedInterval(name=n, reason=r, start_at=s, end_at=e) for n, r, s, e in unfolded] == list(
        record.excluded or ()
    )
    assert row["clock_faults"] == list(record.clock_faults or ())


@given(record=records(DeadLetter))
def test_a_dead_letter_row_has_no_payload(record: DeadLetter) -> None:
    row = _row(DEADLETTERS, record)
    assert not [name for name in row if "payload" in name or "cipher" in name]
    assert (row["dead_letter_id"], row["reason"]) == (record.dead_letter_id, record.reason)


@given(event=ANY_EVENT, first=OFFSETS, second=OFFSETS)
def test_of_two_copies_of_an_event_the_first_has_the_higher_version(
    event: Event, first: int, second: int
) -> None:
    versions = [_row(EVENTS, event, offset)["version"] for offset in (first, second)]
    assert (versions[0] > versions[1]) == (first < second)
    assert versions[0] == MAX_VERSION - first


@given(record=records(WorklistRow), offset=OFFSETS)
def test_of_two_rows_of_an_exam_the_later_has_the_higher_version(record: WorklistRow, offset: int) -> None:
    assert _row(WORKLIST, record, offset)["version"] == offset


@given(record=records(WorklistRow), count=st.integers(max_value=-1))
def test_a_value_that_does_not_fit_its_column_is_an_error_and_no_other_value(
    record: WorklistRow, count: int
) -> None:
    with pytest.raises((pa.ArrowException, OverflowError)):
        _row(WORKLIST, replace(record, instance_count=count))


@given(record=records(WorklistRow), wrong=st.text().filter(lambda text: len(text) != 36))
@example(record=None, wrong="")
@example(record=None, wrong="00000000-0000-0000-0000-00000000000g")
@example(record=None, wrong="{00000000-0000-0000-0000-000000000000}")
def test_a_text_that_is_no_uuid_is_an_error_and_never_null(record: WorklistRow | None, wrong: str) -> None:
    whole = record or WorklistRow(
        exam_id="",
        site="",
        stage="ordered",
        series_count=0,
        instance_count=0,
        unmatched=False,
        event_count=1,
        last_occurred_at=datetime(2026, 1, 1, tzinfo=UTC),
        last_recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
    )
    with pytest.raises(NotAnId):
        _row(WORKLIST, replace(whole, phi_event_id=wrong))


@given(events=st.lists(ANY_EVENT, max_size=20))
def test_rows_keep_the_order_of_the_records(events: list[Event]) -> None:
    placed = [Placed(event, EVENTS_TOPIC, 0, offset) for offset, event in enumerate(events)]
    rows = to_arrow(EVENTS, placed)
    assert rows["event_id"].to_pylist() == [event.envelope.event_id for event in events]


def test_columns_carry_plain_names() -> None:
    allowed = set(string.ascii_lowercase + string.digits + "_")
    for table in (*TABLE_BY_TOPIC.values(), RESOLUTIONS):
        assert all(set(column.name) <= allowed for column in table.columns)
