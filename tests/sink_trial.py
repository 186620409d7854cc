"""A database, a consumer group and a key ring of one test, on a stack that several share; and its sinks."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from schemas import identity
from schemas.codec import CLASS_BY_NAME, Codec, Record
from schemas.contracts import self_contained
from schemas.events import OrderPlaced
from schemas.parts import Envelope, Interval, SealedPhi, Source
from schemas.views import TurnaroundRow, WorklistRow
from sinks.clickhouse.client import connect
from sinks.clickhouse.rows import TABLE_BY_TOPIC
from tests.running_stack import RunningStack

SITE_KEY = b"k" * 32
AT = datetime(2026, 3, 1, 8, tzinfo=UTC)
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
    def sink(
        self, *, clickhouse_url: str = "", instance_id: str = "only", **limits: float
    ) -> Iterator[subprocess.Popen[str]]:
        """A running sink; killed at the end if it still runs."""
        told = {
            "kafka_bootstrap": self.stack.kafka_bootstrap,
            "registry_url": self.stack.registry_url,
            "clickhouse_url": clickhouse_url or self.stack.clickhouse_url,
            "clickhouse_user": self.stack.clickhouse_user,
            "clickhouse_password": self.stack.clickhouse_password,
            "database": self.name,
            "group_id": self.name,
            "instance_id": instance_id,
            "key_ring": str(self.ring),
            "site_key": SITE_KEY.decode(),
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
            occurred_at=AT,
            recorded_at=AT,
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
            ordered_at=AT,
            series_count=0,
            instance_count=0,
            unmatched=False,
            event_count=1,
            last_occurred_at=AT,
            last_recorded_at=AT,
        )
        return replace(row, **more)

    def turnaround(self, *names: str) -> TurnaroundRow:
        """The exam's row with these intervals of one minute."""
        end = AT + timedelta(minutes=1)
        intervals = tuple(Interval(name=n, start_at=AT, end_at=end, seconds=60.0) for n in names)
        return TurnaroundRow(
            exam_id=f"{self.name}|A1",
            site=self.name,
            intervals=intervals,
            event_count=1,
            last_recorded_at=AT,
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


@contextmanager
def sink_trial(stack: RunningStack, directory: Path) -> Iterator[Trial]:
    """A trial, and its database dropped after it."""
    name = f"sink_{uuid.uuid4().hex[:12]}"
    client = connect(stack.clickhouse_url, stack.clickhouse_user, stack.clickhouse_password, name)
    client.command(f"CREATE DATABASE IF NOT EXISTS {name}", use_database=False)
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "acks": "all", "linger.ms": 5})
    _skip_what_others_wrote(stack, name)
    with SchemaRegistryClient({"url": stack.registry_url}) as registry:
        yield Trial(stack, name, directory / "keys", _codec(registry), client, producer)
    producer.flush(10)
    client.command(f"DROP DATABASE IF EXISTS {name}", use_database=False)
    client.close()


def _skip_what_others_wrote(stack: RunningStack, group: str) -> None:
    """Let the consumer group begin at the topics' ends: other tests share them."""
    consumer = Consumer({"bootstrap.servers": stack.kafka_bootstrap, "group.id": group})
    ends = [
        TopicPartition(topic, partition, consumer.get_watermark_offsets(TopicPartition(topic, partition))[1])
        for topic in TABLE_BY_TOPIC
        for partition in consumer.list_topics(topic, timeout=60).topics[topic].partitions
    ]
    consumer.commit(offsets=ends, asynchronous=False)
    consumer.close()


def _codec(registry: SchemaRegistryClient) -> Codec:
    """As schemas.registry.connect_codec, on a client that the test can close."""
    texts = {name: json.dumps(self_contained(name), ensure_ascii=False) for name in CLASS_BY_NAME}
    ids = {name: registry.register_schema(name, Schema(text, "AVRO")) for name, text in texts.items()}
    return Codec(ids, lambda schema_id: str(registry.get_schema(schema_id).schema_str))


def until(holds: Callable[[], bool], what: str, timeout_s: float = 90.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not holds():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.05)


def stop(process: subprocess.Popen[str]) -> float:
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    return time.monotonic() - began


def committed_everything(trial: Trial) -> bool:
    consumer = Consumer({"bootstrap.servers": trial.stack.kafka_bootstrap, "group.id": trial.name})
    try:
        described = consumer.list_topics(timeout=60).topics
        places = [TopicPartition(t, p) for t in TABLE_BY_TOPIC for p in described[t].partitions]
        done = {(p.topic, p.partition): max(p.offset, 0) for p in consumer.committed(places, timeout=60)}
        return all(
            consumer.get_watermark_offsets(place, timeout=60)[1] <= done[place.topic, place.partition]
            for place in places
        )
    finally:
        consumer.close()


def _read_to_the_end(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    for _line in process.stdout:
        pass
