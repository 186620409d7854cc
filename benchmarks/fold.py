"""A department-year through one fold worker, beside the same fold in Quix Streams and in a bare Python loop.

The worker is the process that an installation runs, on the local Kafka: from an empty state directory until
all events are committed, then started again without its state directory until events that waited have their
rows (`recovery_s`: process start, changelog, first flush). The peer folds with the same code, one message at
a time, keeps its state in its own store and changelog, and writes the same two topics. The bare loop decodes,
folds, encodes states and rows, and writes nothing. The last state and rows of every exam must be the same in
all three.

CPU is the worker process's from when it serves, Kafka's not counted. `--events N`: another size of year.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

from benchmarks.department_year import department_year, read_events
from benchmarks.fold_workers import WorkerSpec, measure_catching_up, measure_recovery, peer_python
from benchmarks.harness import Result, option_parser, options_of, progress, report
from processors.config import APP_ID
from processors.fold import LogMessage, fold_batch
from processors.state_codec import encode_state
from processors.turnaround import turnaround_draft
from processors.view import view_of
from processors.worklist import worklist_draft
from runtime.installation import Installation
from runtime.local.kafka.config import KafkaConfig
from runtime.local.kafka.install import install_kafka
from runtime.local.kafka.part import kafka_part
from runtime.parts import registry_part, role_command
from runtime.pipeline import kafka_install_config, with_free_ports
from runtime.settings import Settings
from runtime.stack.part import Part
from runtime.stack.supervisor import Supervisor
from runtime.stack.topics import create_topics
from schemas.codec import Codec
from schemas.identity import is_exam
from schemas.registry import connect_codec, register_contracts
from schemas.topics import EVENTS, FOLD_CHANGELOG, TURNAROUND, WORKLIST, topic_specs

QUICK_EVENTS, FULL_EVENTS = 60_000, 2_000_000
# Read after the state directory was deleted: what they give shows that the state came back.
LATE_EVENTS = 8
_BARE_BATCH = 50_000
_PEER = "quixstreams"
Event = tuple[bytes, bytes]


@dataclass(slots=True)
class Bare:
    """The fold in a plain loop: the oracle, and what folding costs without any of Kafka."""

    codec: Codec
    states: dict[bytes, bytes] = field(default_factory=dict)
    rows: dict[bytes, tuple[bytes, bytes]] = field(default_factory=dict)

    def fold(self, events: Sequence[Event]) -> None:
        """Fold them in batches, as a worker that catches up does."""
        for start in range(0, len(events), _BARE_BATCH):
            messages = [LogMessage(0, 0, key, value) for key, value in events[start : start + _BARE_BATCH]]
            folded = fold_batch(messages, self.codec, lambda _, key: self.states.get(key))
            for (_, key), state in folded.states.items():
                view = view_of(state)
                self.states[key] = encode_state(state)
                rows = worklist_draft(view), turnaround_draft(view)
                self.rows[key] = self.codec.encode(rows[0]), self.codec.encode(rows[1])

    def digests(self) -> dict[str, dict[bytes, bytes]]:
        """By kind of value, a digest of each exam's."""
        return {
            "state": {key: _digest(value) for key, value in self.states.items()},
            "worklist": {key: _digest(value[0]) for key, value in self.rows.items()},
            "turnaround": {key: _digest(value[1]) for key, value in self.rows.items()},
        }


def measure(events: int, contenders: Sequence[str]) -> Result:
    """All three. Raises RuntimeError where their final states or rows differ."""
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        return asyncio.run(_measure(Path(directory), events, contenders))


async def _measure(data: Path, events: int, contenders: Sequence[str]) -> Result:
    installation = Installation(with_free_ports(Settings(data=data)))
    path = await asyncio.to_thread(department_year, events)
    events -= LATE_EVENTS
    async with Supervisor(data, lambda _event: None) as supervisor:
        await supervisor.start([_kafka(installation), registry_part(installation)])
        return await asyncio.to_thread(_compare, installation, path, events, contenders)


def _compare(installation: Installation, path: Path, events: int, contenders: Sequence[str]) -> Result:
    bootstrap = installation.kafka_bootstrap
    partitions = installation.settings.kafka_partitions
    create_topics(bootstrap, topic_specs(partitions))
    ids = register_contracts(installation.registry_url)
    bare = Bare(connect_codec(installation.registry_url))
    log = list(read_events(path, ids))
    progress(f"{events:,} events into the log, and through a bare loop")
    _publish(bootstrap, log[:events])
    start_s = time.process_time()
    bare.fold(log[:events])
    cpu_s = time.process_time() - start_s
    figures: dict[str, dict[str, float]] = {
        "bare loop": {
            "events_per_cpu_s": round(events / cpu_s, 1),
            "cpu_us_per_event": round(1e6 * cpu_s / events, 2),
        }
    }
    specs = [spec for spec in (_ours(installation), _peer(installation, ids)) if spec.name in contenders]
    for spec in specs:
        figures[spec.name] = measure_catching_up(
            spec, bootstrap, EVENTS, events, installation.data / f"{spec.name}.log"
        )
    _check(specs, bootstrap, partitions, bare.digests())
    late = log[events:]
    _publish(bootstrap, late)
    bare.fold(late)
    # What is said of a patient alone gives no rows.
    exams = len({key for key, _ in late if is_exam(key.decode())})
    for spec in specs:
        figures[spec.name] |= measure_recovery(
            spec, bootstrap, EVENTS, exams, installation.data / f"{spec.name}.log"
        )
    _check(specs, bootstrap, partitions, bare.digests())
    ours = figures.pop("radstream", {})
    ours |= {"events": float(events), "exams": float(len(bare.states)), "partitions": float(partitions)}
    return Result(
        benchmark="fold",
        ours=ours,
        peers=figures,
        notes=("the last state and rows of every exam are the same in all of them",),
    )


def _ours(installation: Installation) -> WorkerSpec:
    return WorkerSpec(
        name="radstream",
        command=tuple(role_command("fold")),
        environment={**os.environ, **installation.environment()},
        state_directory=installation.data / "fold",
        group=APP_ID,
        changelog=FOLD_CHANGELOG,
        outputs=(WORKLIST, TURNAROUND),
        ready="fold_ready",
    )


def _peer(installation: Installation, ids: Mapping[str, int]) -> WorkerSpec:
    outputs = (f"{_PEER}.worklist", f"{_PEER}.turnaround")
    asked = {
        "bootstrap": installation.kafka_bootstrap,
        "group": _PEER,
        "state_directory": str(installation.data / _PEER),
        "partitions": installation.settings.kafka_partitions,
        "source": EVENTS,
        "outputs": outputs,
        "ids": dict(ids),
    }
    root = Path(__file__).parent.parent
    return WorkerSpec(
        name="Quix Streams",
        command=(
            peer_python(installation.settings.cache),
            "-m",
            "benchmarks.peers.fold_quixstreams",
            json.dumps(asked),
        ),
        environment={**os.environ, "PYTHONPATH": str(root)},
        state_directory=installation.data / _PEER,
        group=_PEER,
        changelog=f"changelog__{_PEER}--{EVENTS}--default",
        outputs=outputs,
        ready="ready",
        state_suffix=b'|"exam"',
        state_prefix=b"radstate",
    )


def _kafka(installation: Installation) -> Part:
    settings = installation.settings
    return kafka_part(
        KafkaConfig(
            installation=install_kafka(kafka_install_config(settings), lambda *_: None),
            data=installation.data,
            host=settings.host,
            port=settings.kafka_port,
            controller_port=settings.kafka_controller_port,
            heap_mb=settings.kafka_heap_mb,
        )
    )


def _publish(bootstrap: str, events: Sequence[Event]) -> None:
    producer = Producer(
        {"bootstrap.servers": bootstrap, "linger.ms": 50, "queue.buffering.max.messages": 200_000}
    )
    for key, value in events:
        while True:
            try:
                producer.produce(EVENTS, key=key, value=value)
                break
            except BufferError:
                producer.poll(0.1)
    if producer.flush(120):
        raise RuntimeError("Kafka does not take the events")


def _check(
    specs: Sequence[WorkerSpec], bootstrap: str, partitions: int, wanted: Mapping[str, Mapping[bytes, bytes]]
) -> None:
    for spec in specs:
        progress(f"{spec.name}: comparing its final states and rows")
        topics = dict(zip(("state", "worklist", "turnaround"), (spec.changelog, *spec.outputs), strict=True))
        for kind, topic in topics.items():
            suffix = spec.state_suffix if kind == "state" else b""
            found = {
                key.removesuffix(suffix): _digest(value.removeprefix(spec.state_prefix))
                for key, value in _latest(bootstrap, topic, partitions)
                if key.endswith(suffix)
            }
            wrong = sum(found.get(key) != digest for key, digest in wanted[kind].items())
            if wrong or len(found) != len(wanted[kind]):
                raise RuntimeError(
                    f"{spec.name}: {kind} of {wrong} exams differs; {len(found)} for {len(wanted[kind])}, "
                    f"such as {sorted(found.keys() - wanted[kind].keys())[:3]}"
                )


def _latest(bootstrap: str, topic: str, partitions: int) -> Iterator[Event]:
    """Key and value of every message, each partition in its order."""
    settings = {"bootstrap.servers": bootstrap, "group.id": "radstream-bench", "enable.auto.commit": False}
    with closing(Consumer({**settings, "enable.partition.eof": False})) as consumer:
        # A client that has not asked for the topic's metadata takes its partitions for unknown.
        consumer.list_topics(topic, 30)
        for number in range(partitions):
            place = TopicPartition(topic, number)
            low, high = consumer.get_watermark_offsets(place, 10)
            place.offset = low
            consumer.assign([place])
            while low < high and consumer.position([place])[0].offset < high:
                for message in consumer.consume(10_000, 1.0):
                    yield message.key() or b"", message.value() or b""


def _digest(value: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=16).digest()


if __name__ == "__main__":
    parser = option_parser(__doc__)
    parser.add_argument("--events", type=int, metavar="N", help="how many events of the year")
    parser.add_argument("--only", choices=("radstream", "Quix Streams"), help="leave the other out")
    given = parser.parse_args()
    chosen = options_of(given)
    count = given.events or (QUICK_EVENTS if chosen.quick else FULL_EVENTS)
    wanted = (given.only,) if given.only else ("radstream", "Quix Streams")
    report(measure(count, wanted), chosen)
