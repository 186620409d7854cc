"""Rows per second from Kafka to ClickHouse, beside the bare Arrow insert of the same rows in the same run.

Kafka, the schema registry, ClickHouse and the sink are those of an installation. The events of a simulated
department lie in Kafka before the sink starts; its time runs from the first offsets that it committed to the
last: Kafka is asked, not ClickHouse, whose time is measured. The peer is clickhouse-connect's insert of the
same rows, in batches of the same size, into the same table with the same materialized views in a database of
its own, made into Arrow before the clock starts: nothing is read, decoded or committed. The second peer does
without the view that fills `deliveries`, which tells what that table costs. All begin when ClickHouse merges
nothing. CPU is that of the sink's process or the inserting one; ClickHouse's own is told beside it, and both
together. Wanted: half of the first peer's rows per second.
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from confluent_kafka import Producer

from benchmarks.clock import Clock
from benchmarks.committed import group
from benchmarks.department_events import department_events, of_sites
from benchmarks.harness import Options, Result, parse_options, progress, report
from runtime.analytics import analytics_client
from runtime.installation import Installation
from runtime.lag import SINK_GROUP
from runtime.parts import clickhouse_part, registry_part, role_command
from runtime.pipeline import local_kafka, with_free_ports
from runtime.settings import Settings
from runtime.stack.supervisor import Supervisor
from runtime.stack.topics import create_topics
from schemas.events import Event
from schemas.registry import connect_codec, register_contracts
from schemas.topics import EVENTS as TOPIC
from schemas.topics import topic_specs
from sinks.clickhouse.client import connect
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.config import BatchLimits
from sinks.clickhouse.inserting import INSERT_SETTINGS
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.rows import EVENTS, to_arrow

QUICK_EXAMS, FULL_EXAMS = 2_000, 5_000
# Each exam is said of this many sites: to make rows is slower than to insert them.
_SITES = 8
_BATCH = BatchLimits().rows
_TIMEOUT_S = 600.0


@asynccontextmanager
async def stores(data: Path) -> AsyncIterator[Installation]:
    """An installation with Kafka, registry and ClickHouse."""
    installation = Installation(with_free_ports(Settings(data=data)))
    progress("starting Kafka, the schema registry and ClickHouse")
    async with Supervisor(data, lambda _event: None) as supervisor:
        parts = [
            local_kafka(installation, lambda *_: None),
            registry_part(installation),
            clickhouse_part(installation),
        ]
        await supervisor.start(parts)
        specs = topic_specs(installation.settings.kafka_partitions)
        await asyncio.to_thread(create_topics, installation.kafka_bootstrap, specs)
        await asyncio.to_thread(register_contracts, installation.registry_url)
        yield installation


def published(installation: Installation, events: Sequence[Event]) -> None:
    """All of `events` in Kafka."""
    codec = connect_codec(installation.registry_url)
    producer = Producer({"bootstrap.servers": installation.kafka_bootstrap, "acks": "all", "linger.ms": 50})
    for event in events:
        producer.produce(TOPIC, key=event.envelope.exam_id, value=codec.encode(event))
        producer.poll(0)
    producer.flush(_TIMEOUT_S)


@contextmanager
def sink(installation: Installation) -> Iterator[psutil.Process]:
    """The sink's process."""
    environment = installation.environment()
    with (
        (installation.data / "sink.log").open("wb") as log,
        subprocess.Popen(role_command("sink"), env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()


def of_sink(installation: Installation, client: Client, rows: int) -> dict[str, float]:
    """From the first offsets that are committed to the last."""
    _await_rest(client)
    with sink(installation) as process, group(installation.kafka_bootstrap, SINK_GROUP, TOPIC) as committed:
        done = committed.awaited(1, _TIMEOUT_S)
        clock = Clock(process, clickhouse())
        committed.awaited(rows, _TIMEOUT_S)
        figures = clock.figures(rows - done)
    there = client.query("SELECT count() FROM events").result_rows[0][0]
    if there != rows:
        raise RuntimeError(f"{there} rows of {rows} events")
    return figures


def _await_rest(client: Client) -> None:
    """Until ClickHouse merges nothing."""
    while client.query("SELECT count() FROM system.merges").result_rows[0][0]:
        time.sleep(0.1)


def clickhouse() -> psutil.Process:
    """ClickHouse's process: the role that this process, or its supervisor, started."""
    ours = psutil.Process().children(recursive=True)
    return next(one for one in ours if one.cmdline()[-1:] == ["clickhouse"])


def ready_made(events: Sequence[Event]) -> list[pa.Table]:
    """The rows of `events` in Arrow, in batches."""
    return [
        to_arrow(EVENTS, [Placed(event, TOPIC, 0, first + place) for place, event in enumerate(part)])
        for first, part in ((at, events[at : at + _BATCH]) for at in range(0, len(events), _BATCH))
    ]


def of_insert(client: Client, batches: Sequence[pa.Table]) -> dict[str, float]:
    """The same rows, inserted as they are. The first batch is not counted: nor is the sink's."""
    _await_rest(client)
    first, *others = enumerate(batches)
    _insert(client, *first)
    clock = Clock(psutil.Process(), clickhouse())
    for number, batch in others:
        _insert(client, number, batch)
    return clock.figures(sum(len(batch) for _, batch in others))


def _insert(client: Client, number: int, batch: pa.Table) -> None:
    settings = {**INSERT_SETTINGS, "insert_deduplication_token": str(number)}
    client.insert_arrow(EVENTS.name, batch, settings=settings)


@contextmanager
def database_of_its_own(installation: Installation, name: str) -> Iterator[Client]:
    """A client for a new database with all tables."""
    settings = installation.settings
    password = installation.secret("clickhouse_password")
    client = connect(installation.clickhouse_url, settings.clickhouse_user, password, name)
    try:
        client.command(f"CREATE DATABASE {name} ENGINE = Atomic", use_database=False)
        migrate(client, name)
        yield client
    finally:
        client.close()


def of_peers(installation: Installation, events: Sequence[Event]) -> dict[str, dict[str, float]]:
    """The bare insert, and one without `deliveries`."""
    batches = ready_made(events)
    with database_of_its_own(installation, "peer") as client:
        bare = of_insert(client, batches)
    with database_of_its_own(installation, "peer_without_deliveries") as client:
        client.command("DROP VIEW deliveries_from_events")
        without = of_insert(client, batches)
    return {"bare Arrow insert": bare, "without deliveries": without}


async def measure(options: Options) -> Result:
    """Both, on one installation."""
    exams = QUICK_EXAMS if options.quick else FULL_EXAMS
    events = of_sites([event for said in department_events(exams) for event in said], _SITES)
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        async with stores(Path(directory)) as installation:
            client = await asyncio.to_thread(analytics_client, installation)
            await asyncio.to_thread(migrate, client, installation.settings.clickhouse_database)
            progress(f"{len(events):,} events to Kafka")
            await asyncio.to_thread(published, installation, events)
            progress("the sink")
            ours = await asyncio.to_thread(of_sink, installation, client, len(events))
            client.close()
            progress("the bare insert")
            peers = await asyncio.to_thread(of_peers, installation, events)
    return Result(benchmark="clickhouse_sink", ours=ours, peers=peers)


if __name__ == "__main__":
    chosen = parse_options(__doc__)
    report(asyncio.run(measure(chosen)), chosen)
