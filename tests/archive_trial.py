"""The archive's process on a topic and a bucket of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from minio import Minio

from runtime.stack.topics import create_topics
from schemas.topics import TopicSpec
from sinks.archive.config import ArchiveStoreConfig
from sinks.archive.findings import Findings
from sinks.archive.kafka_comparison import KafkaComparison
from sinks.archive.log_reader import LogReader
from sinks.archive.names import Place
from sinks.archive.signing import Signer, public_keys
from sinks.archive.store import ArchiveStore
from sinks.archive.verification import Span, Walked, verify
from tests.archiving import SEED
from tests.running_stack import RunningStack

PARTITIONS = 2
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

    def create_topic(self) -> None:
        """Two partitions."""
        create_topics(self.stack.kafka_bootstrap, [TopicSpec(self.topic, PARTITIONS, self.config)])

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
