"""The ClickHouse sink as a process, on a real Kafka, registry and ClickHouse."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from schemas import identity, topics
from schemas.codec import CLASS_BY_NAME, Codec, Record
from schemas.contracts import self_contained
from schemas.deadletters import DeadLetter
from schemas.errors import DecodeError, PhiError
from schemas.events import InstanceStored, OrderPlaced
from schemas.keyring import FileKeyRing
from schemas.parts import Envelope, Interval, SealedPhi, Source
from schemas.phi import open_bytes
from schemas.views import TurnaroundRow, WorklistRow
from sinks.clickhouse.client import connect
from sinks.clickhouse.errors import MigrationChanged
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.rows import TABLE_BY_TOPIC
from tests.passage import Passage
from tests.running_stack import RunningStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

_SITE_KEY = b"k" * 32
_AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
_PROGRAM = """
import json, sys
from pathlib import Path
from schemas.keyring_config import FileKeyRingConfig
from sinks.clickhouse.config import BatchLimits, ClickHouseSinkConfig
from sinks.clickhouse.service import serve
told = json.loads(sys.argv[1])
limits = BatchLimits(**told.pop("limits"))
ring = FileKeyRingConfig(directory=Path(told.pop("key_ring")), site_key=told.pop("site_key").encode())
config = ClickHouseSinkConfig(**told, limits=limits, key_ring=ring)
serve(config, lambda: print("ready", flush=True))
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """One test's own database, consumer group, key ring and exams on the stack that all tests share."""

    stack: RunningStack
    name: str
    ring: Path
    codec: Codec
    client: Client
    producer: Producer

    @contextmanager
    def sink(self, *, clickhouse_url: str = "", **limits: float) -> Iterator[subprocess.Popen[str]]:
        """A running sink; killed at the end if it still runs."""
        told = {
            "kafka_bootstrap": self.stack.kafka_bootstrap,
            "registry_url": self.stack.registry_url,
            "clickhouse_url": clickhouse_url or self.stack.clickhouse_url,
            "clickhouse_user": self.stack.clickhouse_user,
            "clickhouse_password": self.stack.clickhouse_password,
            "database": self.name,
            "group_id": self.name,
            "instance_id": "only",
            "key_ring": str(self.ring),
            "site_key": _SITE_KEY.decode(),
            "limits": limits,
        }
        with subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, json.dumps(told)], stdout=subprocess.PIPE, text=True
        ) as process:
            drained = threading.Thread(target=_read_to_the_end, args=(process,), daemon=True)
            drained.start()
            try:
                yield process
            finally:
                process.kill()
                drained.join()

    def publish(self, topic: str, record: Record | bytes, key: str | None = None) -> bytes:
        """Send without waiting; the value as sent."""
        value = record if isinstance(record, bytes) else self.codec.encode(record)
        self.producer.produce(topic, key=key or f"{self.name}|A1", value=value)
        self.producer.poll(0)
        return value

    def order(self, number: int, exam: str = "A1") -> OrderPlaced:
        """The order with this number."""
        return OrderPlaced(envelope=self.envelope(f"order-{number}", exam), accession_number=exam)

    def envelope(self, message: str, exam: str = "A1") -> Envelope:
        """The envelope of the event that `message` made."""
        return Envelope(
            event_id=identity.event_id(self.name, message),
            exam_id=identity.exam_id_of_accession(self.name, exam),
            occurred_at=_AT,
            recorded_at=_AT,
            source=Source(system="RIS", facility="", protocol="HL7v2"),
            source_message_id=message,
            site=self.name,
            phi=SealedPhi(key_id="somebody/1", nonce=b"\x00" * 12, ciphertext=b"\xff\x00ciphertext"),
        )

    def worklist(self, stage: str, **more: Any) -> WorklistRow:
        """The exam's row in `stage`."""
        row = WorklistRow(
            exam_id=f"{self.name}|A1",
            site=self.name,
            stage=stage,
            ordered_at=_AT,
            series_count=0,
            instance_count=0,
            unmatched=False,
            event_count=1,
            last_occurred_at=_AT,
            last_recorded_at=_AT,
        )
        return replace(row, **more)

    def turnaround(self, *names: str) -> TurnaroundRow:
        """The exam's row with these intervals of one minute."""
        end = _AT + timedelta(minutes=1)
        intervals = tuple(Interval(name=n, start_at=_AT, end_at=end, seconds=60.0) for n in names)
        return TurnaroundRow(
            exam_id=f"{self.name}|A1",
            site=self.name,
            intervals=intervals,
            event_count=1,
            last_recorded_at=_AT,
        )

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What `sql` gives for this test's site, bound as {site:String}."""
        return [tuple(row) for row in self.client.query(sql, parameters={"site": self.name}).result_rows]

    def count(self, table: str) -> int:
        """This test's rows in `table`; 0 while there is no such table."""
        exists = self.client.query(
            "SELECT count() FROM system.tables WHERE database = {db:String} AND name = {name:String}",
            parameters={"db": self.name, "name": table},
        ).result_rows[0][0]
        return (
            int(self.rows(f"SELECT count() FROM {table} WHERE site = {{site:String}}")[0][0]) if exists else 0
        )


@pytest.fixture
def trial(stack: RunningStack, tmp_path: Path) -> Iterator[Trial]:
    """A trial, and its database dropped after it."""
    name = f"sink_{uuid.uuid4().hex[:12]}"
    client = connect(stack.clickhouse_url, stack.clickhouse_user, stack.clickhouse_password, name)
    client.command(f"CREATE DATABASE IF NOT EXISTS {name}", use_database=False)
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "acks": "all", "linger.ms": 5})
    _skip_what_others_wrote(stack, name)
    with SchemaRegistryClient({"url": stack.registry_url}) as registry:
        yield Trial(stack, name, tmp_path / "keys", _codec(registry), client, producer)
    producer.flush(10)
    client.command(f"DROP DATABASE IF EXISTS {name}", use_database=False)
    client.close()


def _skip_what_others_wrote(stack: RunningStack, group: str) -> None:
    """Let the consumer group begin at the topics' ends: other tests share them."""
    consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap, "group.id": group})
    ends = [
        TopicPartition(topic, partition, consumer.get_watermark_offsets(TopicPartition(topic, partition))[1])
        for topic in TABLE_BY_TOPIC
        for partition in consumer.list_topics(topic, timeout=10).topics[topic].partitions
    ]
    consumer.commit(offsets=ends, asynchronous=False)
    consumer.close()


def _codec(registry: SchemaRegistryClient) -> Codec:
    """As schemas.registry.connect_codec, on a client that the test can close."""
    texts = {name: json.dumps(self_contained(name), ensure_ascii=False) for name in CLASS_BY_NAME}
    ids = {name: registry.register_schema(name, Schema(text, "AVRO")) for name, text in texts.items()}
    return Codec(ids, lambda schema_id: str(registry.get_schema(schema_id).schema_str))


def _read_to_the_end(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for _line in process.stdout:
        pass


def _until(holds: Callable[[], bool], what: str, timeout_s: float = 90.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.05)


def _stop(process: subprocess.Popen[str]) -> float:
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    return time.monotonic() - began


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
    resent = replace(order, envelope=replace(order.envelope, recorded_at=_AT + timedelta(days=30)))
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
        _until(lambda: _committed_everything(trial), "every offset committed")
        assert _stop(process) < 3.5

    assert trial.rows(
        "SELECT toString(event_id), event_type, recorded_at, hex(phi_ciphertext), payload"
        " FROM v_events WHERE site = {site:String}"
    )[0][:4] == (
        order.envelope.event_id,
        "OrderPlaced",
        _AT.replace(tzinfo=None),
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
            _until(lambda at=before: trial.count("events") > at, "some progress")  # type: ignore[misc]  # mypy has no type for a lambda's default
            process.kill()
            process.wait()
        assert trial.count("v_events") < total, "it was over before the last kill: raise total"
    with trial.sink() as process:
        _until(lambda: trial.count("v_events") >= total, "every event")
        _until(lambda: _committed_everything(trial), "every offset committed")
        assert _stop(process) < 3.5
    ids = [row[0] for row in trial.rows("SELECT toString(event_id) FROM v_events WHERE site = {site:String}")]
    assert sorted(ids) == sorted(event.envelope.event_id for event in sent)


def test_it_waits_for_a_clickhouse_that_is_away_and_then_inserts_the_same_batch_once(trial: Trial) -> None:
    with Passage(trial.stack.clickhouse_url) as passage, trial.sink(clickhouse_url=passage.url) as process:
        trial.publish(topics.EVENTS, trial.order(0))
        _until(lambda: trial.count("events") == 1, "the first event")
        passage.close()
        for number in range(1, 101):
            trial.publish(topics.EVENTS, trial.order(number))
        trial.producer.flush()
        time.sleep(1.0)
        assert trial.count("events") == 1
        assert not _committed_everything(trial)
        assert process.poll() is None
        passage.open()
        _until(lambda: trial.count("events") >= 101, "the events of the outage")
        _until(lambda: _committed_everything(trial), "every offset committed")
        assert trial.count("events") == 101
        _stop(process)


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
        _until(
            lambda: trial.count("turnaround_exams") == 1 and trial.count("v_worklist") == 9, "the good rows"
        )
        _until(lambda: _committed_everything(trial), "the bad ones' offsets")
        _stop(process)
    ring = FileKeyRing(trial.ring, _SITE_KEY)
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
        _until(lambda: _committed_everything(trial), "every offset committed")
        _stop(process)
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


def _committed_everything(trial: Trial) -> bool:
    consumer = Consumer({"bootstrap.servers": trial.stack.kafka_bootstrap, "group.id": trial.name})
    try:
        described = consumer.list_topics(timeout=10).topics
        places = [TopicPartition(t, p) for t in TABLE_BY_TOPIC for p in described[t].partitions]
        done = {(p.topic, p.partition): max(p.offset, 0) for p in consumer.committed(places, timeout=10)}
        return all(
            consumer.get_watermark_offsets(place, timeout=10)[1] <= done[place.topic, place.partition]
            for place in places
        )
    finally:
        consumer.close()


def _dead_letters(trial: Trial) -> list[DeadLetter]:
    """Those that open with this test's key ring: others' letters are sealed with other keys."""
    settings = {"bootstrap.servers": trial.stack.kafka_bootstrap, "group.id": f"{trial.name}-letters"}
    consumer = Consumer({**settings, "auto.offset.reset": "earliest"})
    place = TopicPartition(topics.DEADLETTERS, 0, 0)
    _, end = consumer.get_watermark_offsets(place, timeout=10)
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
        open_bytes(FileKeyRing(trial.ring, _SITE_KEY), letter.dead_letter_id, letter.payload)
        return True
    return False
