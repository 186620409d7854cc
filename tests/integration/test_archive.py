"""The archive as a process on a real Kafka and object store: killed at each step, tampered with, verified."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from minio import Minio
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

from runtime.stack.topics import create_topics
from schemas.topics import TopicSpec
from sinks.archive.chain_check import Link
from sinks.archive.config import ArchiveStoreConfig
from sinks.archive.errors import ArchiveUnavailable
from sinks.archive.file_check import living
from sinks.archive.findings import FaultKind, Findings
from sinks.archive.kafka_comparison import KafkaComparison
from sinks.archive.log_reader import LogReader
from sinks.archive.names import Place, file_name, manifest_name
from sinks.archive.signing import Signer, public_keys
from sinks.archive.store import ArchiveStore
from sinks.archive.verification import Span, Walked, verify
from tests.archiving import SEED
from tests.running_stack import RunningStack
from tests.sink_running import until_on_the_stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

_PARTITIONS = 2
# Kills itself with SIGKILL before or after its nth put.
_PROGRAM = """
import json, os, signal, sys
from pathlib import Path
from sinks.archive.config import ArchiveConfig, ArchiveStoreConfig, FileLimits
from sinks.archive.service import serve
from sinks.archive.store import ArchiveStore
told = json.loads(sys.argv[1])
step, puts, put = told.pop("dies_at"), 0, ArchiveStore.put
def put_and_die(self, name, content):
    global puts
    puts += 1
    if step == [puts, "before"]:
        os.kill(os.getpid(), signal.SIGKILL)
    stored = put(self, name, content)
    if step == [puts, "after"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return stored
ArchiveStore.put = put_and_die
config = ArchiveConfig(
    kafka_bootstrap=told["bootstrap"], store=ArchiveStoreConfig(**told["store"]), topics=(told["topic"],),
    group_id=told["topic"], signing_seed=bytes.fromhex(told["seed"]), limits=FileLimits(**told["limits"]),
    seal_s=0.2, metrics_file=Path(told["directory"]) / "metrics.json",
    witness_file=Path(told["directory"]) / "witness.json",
)
serve(config, lambda: print("ready", flush=True))
"""


@dataclass(frozen=True, slots=True)
class Trial:
    """One test's own topic and bucket on the stack that all tests share."""

    stack: RunningStack
    directory: Path
    topic: str = field(default_factory=lambda: f"archive-{uuid.uuid4().hex[:12]}")
    config: dict[str, str] = field(default_factory=lambda: {"cleanup.policy": "delete", "retention.ms": "-1"})

    def store_config(self, bucket: str = "") -> dict[str, Any]:
        return {
            "endpoint": self.stack.s3_endpoint,
            "access_key": self.stack.s3_access_key,
            "secret_key": self.stack.s3_secret_key,
            "bucket": bucket or self.topic,
            "lock": "off" if bucket else "governance",
            "lock_days": 1,
        }

    def store(self, bucket: str = "") -> ArchiveStore:
        return ArchiveStore(ArchiveStoreConfig(**self.store_config(bucket)))

    def minio(self) -> Minio:
        return Minio(
            self.stack.s3_endpoint.removeprefix("http://"),
            access_key=self.stack.s3_access_key,
            secret_key=self.stack.s3_secret_key,
            secure=False,
        )

    def publish(self, first: int, last: int) -> None:
        """Messages to partition 0, numbered; every seventh is a tombstone."""
        producer = Producer({"bootstrap.servers": self.stack.kafka_bootstrap, "acks": "all"})
        for number in range(first, last):
            value = None if number % 7 == 0 else b"value %d" % number
            headers: list[tuple[str, str | bytes | None]] = [("ce_id", b"%d" % number), ("twice", b"1")]
            headers += [("twice", b"2"), ("none", None)]
            producer.produce(self.topic, value, b"key %d" % number, partition=0, headers=headers)
        assert producer.flush(30) == 0

    @contextmanager
    def archiver(
        self, bucket: str = "", dies_at: tuple[int, str] | None = None, **limits: float
    ) -> Iterator[subprocess.Popen[str]]:
        """A running archive; killed at the end if it still runs."""
        told = {
            "bootstrap": self.stack.kafka_bootstrap,
            "store": self.store_config(bucket),
            "topic": self.topic,
            "seed": SEED.hex(),
            "limits": {"events": 10, "age_s": 0.3, **limits},
            "directory": str(self.directory),
            "dies_at": dies_at,
        }
        with subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, json.dumps(told)], stdout=subprocess.DEVNULL, text=True
        ) as process:
            try:
                yield process
            finally:
                process.kill()

    def walked(self, bucket: str = "", *, with_kafka: bool = True) -> Walked:
        """What verification finds."""
        keys = public_keys(Signer.of(SEED).public)
        with closing(self.store(bucket)) as store:
            walked = verify(store, keys, span=Span(), anchors={}, tell=lambda _what, _done, _total: None)
            if with_kafka:
                with closing(LogReader(self.stack.kafka_bootstrap, self.topic)) as reader:
                    KafkaComparison(store, reader, (), walked.found).compare(walked.chains, Span())
        return walked

    def found(self, bucket: str = "", *, with_kafka: bool = True) -> Findings:
        return self.walked(bucket, with_kafka=with_kafka).found

    def archived_up_to(self, next_offset: int, bucket: str = "") -> bool:
        """Whether partition 0 is archived and sealed up to that offset."""
        if not self.minio().bucket_exists(bucket or self.topic):
            return False
        walked = self.walked(bucket, with_kafka=False)
        chain = walked.chains.get(Place(self.topic, 0), ())
        last = chain[-1].manifest if chain else None
        return last is not None and last.next_offset == next_offset and walked.found.unsealed == 0

    def objects(self, bucket: str = "") -> dict[str, bytes]:
        """Files and manifests."""
        with closing(self.store(bucket)) as store:
            names = [name for prefix in ("archive/", "manifests/") for name in store.names(prefix)]
            return {name: store.get(name) for name in names}


@pytest.fixture
def trial(stack: RunningStack, tmp_path: Path) -> Trial:
    made = Trial(stack, tmp_path)
    create_topics(stack.kafka_bootstrap, [TopicSpec(made.topic, _PARTITIONS, made.config)])
    return made


def test_killed_at_each_step_it_leaves_the_objects_of_one_that_was_not(trial: Trial) -> None:
    trial.publish(0, 20)
    # Each start puts the public key first; then a file and its manifest, twice; then the seal.
    for step in (1, 2, 3, 2, 3, 2):
        for when in ("before", "after"):
            with trial.archiver(dies_at=(step, when), age_s=60) as process:
                assert process.wait(60) == -9
    with trial.archiver(age_s=60) as process:
        until_on_the_stack(lambda: trial.archived_up_to(20))
    undisturbed = f"{trial.topic}-undisturbed"
    with trial.archiver(undisturbed, age_s=60):
        until_on_the_stack(lambda: trial.archived_up_to(20, undisturbed))
    assert trial.objects() == trial.objects(undisturbed)
    found = trial.found()
    assert (found.faults, found.strangers, found.events, found.compared) == ([], [], 20, 20)


def test_messages_come_back_as_they_were_and_kafka_is_told_how_far_it_is(trial: Trial) -> None:
    trial.publish(0, 25)
    with trial.archiver() as process:
        until_on_the_stack(lambda: trial.archived_up_to(25))
        process.terminate()
        assert process.wait(10) == 0
    trial.publish(25, 60)  # days away: it goes on where it was, and catches up
    with trial.archiver():
        until_on_the_stack(lambda: trial.archived_up_to(60))
    with closing(LogReader(trial.stack.kafka_bootstrap, trial.topic)) as reader:
        committed = reader._consumer.committed([TopicPartition(trial.topic, 0)], 10)
    assert committed[0].offset == 60
    found = trial.found()
    assert (found.faults, found.events, found.compared) == ([], 60, 60)


def test_what_kafka_deleted_before_it_was_archived_is_recorded_and_told(trial: Trial) -> None:
    trial.publish(0, 10)
    with trial.archiver():
        until_on_the_stack(lambda: trial.archived_up_to(10))
    trial.publish(10, 30)
    admin = AdminClient({"bootstrap.servers": trial.stack.kafka_bootstrap})
    for answer in admin.delete_records([TopicPartition(trial.topic, 0, 20)]).values():
        answer.result(30)
    with trial.archiver():
        until_on_the_stack(lambda: trial.archived_up_to(30))
    found = trial.found()
    assert (found.faults, found.lost, found.events) == ([], [f"{trial.topic}/0: 10-19"], 20)
    metrics = json.loads((trial.directory / "metrics.json").read_text())
    assert metrics["lost"] == [f"{trial.topic}/0: 10-19"]


def test_a_topic_that_was_made_anew_is_refused_and_said(trial: Trial) -> None:
    trial.publish(0, 10)
    with trial.archiver():
        until_on_the_stack(lambda: trial.archived_up_to(10))
    admin = AdminClient({"bootstrap.servers": trial.stack.kafka_bootstrap})
    admin.delete_topics([trial.topic])[trial.topic].result(30)
    until_on_the_stack(lambda: trial.topic not in admin.list_topics(timeout=10).topics)
    create_topics(trial.stack.kafka_bootstrap, [TopicSpec(trial.topic, _PARTITIONS, trial.config)])
    trial.publish(0, 20)
    metrics = trial.directory / "metrics.json"
    metrics.unlink()
    with trial.archiver():
        until_on_the_stack(metrics.exists)
        faults = json.loads(metrics.read_text())["faults"]
    assert "made anew" in faults[f"{trial.topic}/0"]
    assert trial.found(with_kafka=False).events == 10


def test_a_locked_object_cannot_be_deleted_and_one_laid_over_it_is_found(trial: Trial) -> None:
    trial.publish(0, 30)
    with trial.archiver():
        until_on_the_stack(lambda: trial.archived_up_to(30))
    client, name = trial.minio(), file_name(Place(trial.topic, 0), 10, 19)
    true = client.get_object(trial.topic, name).read()
    (version,) = [one.version_id for one in client.list_objects(trial.topic, name, include_version=True)]
    with pytest.raises(S3Error, match=r"(?i)denied|lock|retention"):
        client.remove_object(trial.topic, name, version_id=version)
    assert list(client.remove_objects(trial.topic, [DeleteObject(name, version)])), "it was deleted"
    client.put_object(trial.topic, name, io.BytesIO(true[:-1] + b"x"), len(true))
    first = trial.found().faults[0]
    assert (first.kind, first.name, first.offset) == (FaultKind.ALTERED, name, 10)
    assert client.get_object(trial.topic, name, version_id=version).read() == true


def test_a_bucket_that_was_made_without_lock_is_refused_where_locks_are_wanted(trial: Trial) -> None:
    trial.minio().make_bucket(trial.topic)
    with (
        closing(trial.store()) as store,
        pytest.raises(ArchiveUnavailable, match="RADSTREAM_ARCHIVE_LOCK=off"),
    ):
        store.ensure_bucket()


def test_files_and_manifests_that_are_hidden_are_found(trial: Trial) -> None:
    trial.publish(0, 30)
    with trial.archiver():
        until_on_the_stack(lambda: trial.archived_up_to(30))
    place = Place(trial.topic, 0)
    chain: tuple[Link, ...] = tuple(trial.walked().chains[place])
    last = living(chain)[-1]
    client = trial.minio()
    client.remove_object(trial.topic, last.file)
    assert [fault.kind for fault in trial.found(with_kafka=False).faults] == [FaultKind.MISSING]
    client.remove_object(trial.topic, manifest_name(place, last.number))
    first = trial.found(with_kafka=False).faults[0]
    assert (first.kind, first.offset) == (FaultKind.TRUNCATED, last.first)
