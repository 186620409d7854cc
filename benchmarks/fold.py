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
import tempfile
from collections.abc import Sequence
from pathlib import Path

from confluent_kafka import Producer

from benchmarks.department_year import department_year, read_events
from benchmarks.fold_agreement import check_agreement
from benchmarks.fold_bare import BareFold
from benchmarks.fold_contenders import OURS, PEER, our_worker, peer_worker
from benchmarks.fold_workers import WorkerSpec, measure_catching_up, measure_recovery
from benchmarks.harness import Result, option_parser, options_of, progress, report
from runtime.installation import Installation
from runtime.parts import registry_part
from runtime.pipeline import local_kafka, with_free_ports
from runtime.settings import Settings
from runtime.stack.supervisor import Supervisor
from runtime.stack.topics import create_topics
from schemas.identity import is_exam
from schemas.registry import connect_codec, register_contracts
from schemas.topics import EVENTS, topic_specs

QUICK_EVENTS, FULL_EVENTS = 60_000, 2_000_000
# Read after the state directory was deleted: what they give shows that the state came back.
LATE_EVENTS = 8
Event = tuple[bytes, bytes]


def measure(events: int, contenders: Sequence[str]) -> Result:
    """All three. Raises RuntimeError where their final states or rows differ."""
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        return asyncio.run(_measure(Path(directory), events, contenders))


async def _measure(data: Path, events: int, contenders: Sequence[str]) -> Result:
    installation = Installation(with_free_ports(Settings(data=data)))
    path = await asyncio.to_thread(department_year, events)
    async with Supervisor(data, lambda _event: None) as supervisor:
        await supervisor.start([local_kafka(installation, lambda *_: None), registry_part(installation)])
        return await asyncio.to_thread(_compare, installation, path, contenders)


def _compare(installation: Installation, path: Path, contenders: Sequence[str]) -> Result:
    bootstrap, partitions = installation.kafka_bootstrap, installation.settings.kafka_partitions
    create_topics(bootstrap, topic_specs(partitions))
    ids = register_contracts(installation.registry_url)
    bare = BareFold(connect_codec(installation.registry_url))
    log = list(read_events(path, ids))
    year, late = log[:-LATE_EVENTS], log[-LATE_EVENTS:]
    specs = [
        one for one in (our_worker(installation), peer_worker(installation, ids)) if one.name in contenders
    ]
    progress(f"{len(year):,} events into the log, and through a bare loop")
    _publish(bootstrap, year)
    figures = {"bare loop": bare.measure(year), **_caught_up(specs, installation, len(year))}
    _check(specs, bootstrap, bare)
    _publish(bootstrap, late)
    bare.fold(late)
    for name, found in _recovered(specs, installation, late).items():
        figures[name] |= found
    _check(specs, bootstrap, bare)
    ours = figures.pop(OURS, {})
    ours |= {"events": float(len(year)), "exams": float(len(bare.states)), "partitions": float(partitions)}
    same = "the last state and rows of every exam are the same in all of them"
    return Result(benchmark="fold", ours=ours, peers=figures, notes=(same,))


def _caught_up(
    specs: Sequence[WorkerSpec], installation: Installation, events: int
) -> dict[str, dict[str, float]]:
    return {
        spec.name: measure_catching_up(
            spec, installation.kafka_bootstrap, EVENTS, events, installation.data / f"{spec.name}.log"
        )
        for spec in specs
    }


def _recovered(
    specs: Sequence[WorkerSpec], installation: Installation, late: Sequence[Event]
) -> dict[str, dict[str, float]]:
    # What is said of a patient alone gives no rows.
    exams = len({key for key, _ in late if is_exam(key.decode())})
    return {
        spec.name: measure_recovery(
            spec, installation.kafka_bootstrap, EVENTS, exams, installation.data / f"{spec.name}.log"
        )
        for spec in specs
    }


def _check(specs: Sequence[WorkerSpec], bootstrap: str, bare: BareFold) -> None:
    for spec in specs:
        check_agreement(spec, bootstrap, bare.digests())


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


if __name__ == "__main__":
    parser = option_parser(__doc__)
    parser.add_argument("--events", type=int, metavar="N", help="how many events of the year")
    parser.add_argument("--only", choices=(OURS, PEER), help="leave the other out")
    given = parser.parse_args()
    chosen = options_of(given)
    count = given.events or (QUICK_EVENTS if chosen.quick else FULL_EVENTS)
    wanted = (given.only,) if given.only else (OURS, PEER)
    report(measure(count, wanted), chosen)
