"""The ClickHouse sink as a process, on a real Kafka, registry and ClickHouse."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from schemas import topics
from schemas.deadletters import DeadLetter
from schemas.errors import DecodeError, PhiError
from schemas.events import InstanceStored
from schemas.keyring import FileKeyRing
from schemas.phi import open_bytes
from sinks.clickhouse.errors import MigrationChanged
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.rows import TABLE_BY_TOPIC
from tests.passage import Passage
from tests.running_stack import RunningStack
from tests.sink_trial import AT, SITE_KEY, Trial, committed_everything, sink_trial, stop, until

pytestmark = pytest.mark.stack


@pytest.fixture
def trial(stack: RunningStack, tmp_path: Path) -> Iterator[Trial]:
    with sink_trial(stack, tmp_path) as made:
        yield made


def test_each_topic_becomes_its_view(trial: Trial) -> None:
    # Not the exam of the views' rows below: where a fold runs, it says of this one what it makes of it.
    order = trial.order(1, "B1")
    image = InstanceStored(
        envelope=trial.envelope("image", "B1"),
        study_instance_uid="1.2",
        series_instance_uid="1.2.3",
        sop_instance_uid="1.2.3.4",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        modality="CT",
        size_bytes=2**33,
        sha256="0" * 64,
        object_key="studies/1.2/1.2.3/1.2.3.4.dcm",
        calling_ae_title="CT1",
    )
    resent = replace(order, envelope=replace(order.envelope, recorded_at=AT + timedelta(days=30)))
    for topic, record in (
        (topics.EVENTS, order),
        (topics.EVENTS, resent),
        (topics.INSTANCES, image),
        (topics.WORKLIST, trial.worklist("ordered")),
        (topics.WORKLIST, trial.worklist("arrived", phi_event_id=order.envelope.event_id)),
        (topics.TURNAROUND, trial.turnaround("wait", "acquisition", "report")),
        (topics.TURNAROUND, trial.turnaround("wait", "report")),
    ):
        trial.publish(topic, record)
    trial.producer.flush()
    with trial.sink() as process:
        until(lambda: committed_everything(trial), "every offset committed")
        assert stop(process) < 15

    assert trial.rows(
        "SELECT toString(event_id), event_type, recorded_at, hex(phi_ciphertext), payload"
        " FROM v_events WHERE site = {site:String}"
    )[0][:4] == (
        order.envelope.event_id,
        "OrderPlaced",
        AT.replace(tzinfo=None),
        b"\xff\x00ciphertext".hex().upper(),
    )
    assert trial.count("v_events") == 1
    assert trial.rows("SELECT sop_instance_uid, size_bytes FROM v_instances WHERE site = {site:String}") == [
        ("1.2.3.4", 2**33)
    ]
    assert trial.rows(
        "SELECT stage, arrived_at, toString(phi_event_id) FROM v_worklist"
        " WHERE exam_id = concat({site:String}, '|A1')"
    ) == [("arrived", None, order.envelope.event_id)]
    assert trial.rows(
        "SELECT interval, seconds FROM v_turnaround WHERE site = {site:String} ORDER BY interval"
    ) == [("report", 60.0), ("wait", 60.0)]


def test_sigkill_again_and_again_loses_nothing_and_doubles_nothing(trial: Trial) -> None:
    total, kills = 4000, 5
    sent = {trial.order(number, f"A{number % 50}") for number in range(total)}
    for event in sent:
        trial.publish(topics.EVENTS, event, event.envelope.exam_id)
    for _ in range(kills):
        with trial.sink(rows=40, age_s=0.02) as process:
            before = trial.count("events")
            until(lambda at=before: trial.count("events") > at, "some progress")  # type: ignore[misc]  # mypy has no type for a lambda's default
            process.kill()
            process.wait()
        assert trial.count("v_events") < total, "it was over before the last kill: raise total"
    with trial.sink() as process:
        until(lambda: trial.count("v_events") >= total, "every event")
        until(lambda: committed_everything(trial), "every offset committed")
        assert stop(process) < 15
    ids = [row[0] for row in trial.rows("SELECT toString(event_id) FROM v_events WHERE site = {site:String}")]
    assert sorted(ids) == sorted(event.envelope.event_id for event in sent)


def test_it_waits_for_a_clickhouse_that_is_away_and_then_inserts_the_same_batch_once(trial: Trial) -> None:
    with Passage(trial.stack.clickhouse_url) as passage, trial.sink(clickhouse_url=passage.url) as process:
        trial.publish(topics.EVENTS, trial.order(0))
        until(lambda: trial.count("events") == 1, "the first event")
        passage.close()
        for number in range(1, 101):
            trial.publish(topics.EVENTS, trial.order(number))
        trial.producer.flush()
        time.sleep(1.0)
        assert trial.count("events") == 1
        assert not committed_everything(trial)
        assert process.poll() is None
        passage.open()
        until(lambda: trial.count("events") >= 101, "the events of the outage")
        until(lambda: committed_everything(trial), "every offset committed")
        assert trial.count("events") == 101
        stop(process)


def test_what_can_be_no_row_is_dead_lettered_and_all_else_goes_on(trial: Trial) -> None:
    poison = {
        trial.publish(topics.TURNAROUND, b"\x07" + trial.name.encode()): "WrongMagicByte",
        trial.publish(topics.TURNAROUND, trial.worklist("ordered")): "UnexpectedRecord",
        trial.publish(topics.WORKLIST, trial.worklist("final", phi_event_id="no id")): "NotAnId",
    }
    for number in range(9):
        trial.publish(topics.WORKLIST, trial.worklist("arrived", exam_id=f"{trial.name}|{number}"))
    trial.publish(topics.TURNAROUND, trial.turnaround("wait"))
    trial.producer.flush()
    with trial.sink() as process:
        until(
            lambda: trial.count("turnaround_exams") == 1 and trial.count("v_worklist") == 9, "the good rows"
        )
        until(lambda: committed_everything(trial), "the bad ones' offsets")
        stop(process)
    ring = FileKeyRing(trial.ring, SITE_KEY)
    letters = [letter for letter in _dead_letters(trial) if letter.origin == "clickhouse"]
    kept = {open_bytes(ring, letter.dead_letter_id, letter.payload): letter.reason for letter in letters}
    assert {value: kept.get(value) for value in poison} == poison


def test_a_row_that_clickhouse_refuses_is_dead_lettered_and_the_others_of_its_batch_arrive(
    trial: Trial,
) -> None:
    migrate(trial.client, trial.name)
    trial.client.command("ALTER TABLE events ADD CONSTRAINT known CHECK source_message_id != 'order-7'")
    for number in range(20):
        trial.publish(topics.EVENTS, trial.order(number))
    trial.producer.flush()
    with trial.sink() as process:
        until(lambda: committed_everything(trial), "every offset committed")
        stop(process)
    assert trial.count("v_events") == 19
    assert [letter.reason for letter in _dead_letters(trial)] == ["VIOLATED_CONSTRAINT"]


def test_a_migration_is_applied_once_and_must_not_change(trial: Trial) -> None:
    applied = migrate(trial.client, trial.name)
    assert [migration.version for migration in applied] == list(range(1, len(applied) + 1))
    assert migrate(trial.client, trial.name) == []
    for table in TABLE_BY_TOPIC.values():
        columns = trial.client.query(
            "SELECT name, type, comment != '' FROM system.columns"
            " WHERE database = {db:String} AND table = {table:String} ORDER BY position",
            parameters={"db": trial.name, "table": table.name},
        ).result_rows
        assert columns == [(column.name, column.clickhouse, 1) for column in table.columns]
    trial.client.command(
        "INSERT INTO schema_migrations (version, name, sha256) VALUES (1, 'events', 'other')"
    )
    with pytest.raises(MigrationChanged, match="0001_events"):
        migrate(trial.client, trial.name)


def _dead_letters(trial: Trial) -> list[DeadLetter]:
    """Those that open with this test's key ring: others' letters are sealed with other keys."""
    settings = {"bootstrap.servers": trial.stack.kafka_bootstrap, "group.id": f"{trial.name}-letters"}
    consumer = Consumer({**settings, "auto.offset.reset": "earliest"})
    place = TopicPartition(topics.DEADLETTERS, 0, 0)
    _, end = consumer.get_watermark_offsets(place, timeout=60)
    consumer.assign([place])
    letters, offset = [], 0
    while offset < end and (message := consumer.poll(10)) is not None:
        offset = (message.offset() or 0) + 1
        with suppress(DecodeError):  # another test's
            letter = trial.codec.decode(message.value() or b"")
            if isinstance(letter, DeadLetter) and _opens(trial, letter):
                letters.append(letter)
    consumer.close()
    return letters


def _opens(trial: Trial, letter: DeadLetter) -> bool:
    with suppress(PhiError):
        open_bytes(FileKeyRing(trial.ring, SITE_KEY), letter.dead_letter_id, letter.payload)
        return True
    return False
