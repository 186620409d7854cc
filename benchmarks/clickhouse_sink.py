"""Rows per second from Kafka to ClickHouse, beside the bare Arrow insert of the same rows in the same run.

Kafka, the schema registry, ClickHouse and the sink are those of an installation. The events of a simulated
department lie in Kafka before the sink starts; its time runs from the first rows that it inserted to the
last. The peer is clickhouse-connect's insert of the same rows, in the same batches, into the same table with
the same materialized views in a database of its own, made into Arrow before the clock starts: nothing is
read, decoded or committed. Both begin when ClickHouse merges nothing. CPU is that of the sink's process or
the inserting one; ClickHouse's own is told beside it. Wanted: half of the peer's rows per second.
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from confluent_kafka import Producer

from benchmarks.department_events import department_events
from benchmarks.harness import Options, Result, parse_options, progress, report
from benchmarks.hl7_ingest import kafka
from runtime.analytics import analytics_client
from runtime.installation import Installation
from runtime.parts import clickhouse_part, registry_part, role_command
from runtime.pipeline import with_free_ports
from runtime.settings import Settings
from runtime.stack.supervisor import Supervisor
from runtime.stack.topics import create_topics
from schemas.events import Event
from schemas.identity import event_id
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
# Each look costs ClickHouse some of the time that is measured.
_LOOK_EVERY_S = 0.1
_PEER_DATABASE = "peer"


@asynccontextmanager
async def stores(data: Path) -> AsyncIterator[Installation]:
    """An installation with Kafka, registry and ClickHouse."""
    installation = Installation(with_free_ports(Settings(data=data)))
    progress("starting Kafka, the schema registry and ClickHouse")
    async with Supervisor(data, lambda _event: None) as supervisor:
        parts = [kafka(installation), registry_part(installation), clickhouse_part(installation)]
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


class Clock:
    """Wall time, and the CPU of a process and of ClickHouse, since it was made."""

    def __init__(self, process: psutil.Process, server: psutil.Process) -> None:
        self._processes = (process, server)
        self._began_s, self._cpu_s = time.monotonic(), [_cpu_s(one) for one in self._processes]

    def figures(self, rows: int) -> dict[str, float]:
        """By row."""
        wall_s = time.monotonic() - self._began_s
        own_s, server_s = (_cpu_s(one) - at for one, at in zip(self._processes, self._cpu_s, strict=True))
        return {
            "wall_us_per_row": round(wall_s / rows * 1e6, 2),
            "cpu_us_per_row": round(own_s / rows * 1e6, 2),
            "clickhouse_cpu_us_per_row": round(server_s / rows * 1e6, 2),
            "rows_per_s": round(rows / wall_s),
        }


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


def of_sink(installation: Installation, client: Client, rows: int) -> dict[str, float]:
    """From the first rows to the last."""
    _await_rest(client)
    with sink(installation) as process:
        there = _awaited(client, 1)
        clock = Clock(process, clickhouse())
        _awaited(client, rows)
        return clock.figures(rows - there)


def _awaited(client: Client, rows: int) -> int:
    """How many rows there are once there are at least `rows`."""
    end_s = time.monotonic() + _TIMEOUT_S
    while (there := int(client.query("SELECT count() FROM events").result_rows[0][0])) < rows:
        if time.monotonic() > end_s:
            raise RuntimeError(f"{there} of {rows} rows after {_TIMEOUT_S:.0f} s")
        time.sleep(_LOOK_EVERY_S)
    return there


def _await_rest(client: Client) -> None:
    """Until ClickHouse merges nothing."""
    while client.query("SELECT count() FROM system.merges").result_rows[0][0]:
        time.sleep(0.1)


def clickhouse() -> psutil.Process:
    """ClickHouse's process: the role that this process, or its supervisor, started."""
    ours = psutil.Process().children(recursive=True)
    return next(one for one in ours if one.cmdline()[-1:] == ["clickhouse"])


def of_insert(client: Client, events: Sequence[Event]) -> dict[str, float]:
    """The same rows, inserted as they are."""
    batches: list[pa.Table] = [
        to_arrow(EVENTS, [Placed(event, TOPIC, 0, first + place) for place, event in enumerate(part)])
        for first, part in ((at, events[at : at + _BATCH]) for at in range(0, len(events), _BATCH))
    ]
    _await_rest(client)
    clock = Clock(psutil.Process(), clickhouse())
    for number, batch in enumerate(batches):
        client.insert_arrow(
            EVENTS.name, batch, settings={**INSERT_SETTINGS, "insert_deduplication_token": str(number)}
        )
    return clock.figures(len(events))


def of_sites(events: Sequence[Event], sites: int) -> list[Event]:
    """The same exams, of so many sites."""
    return [_of_site(event, f"S{number}") for number in range(sites) for event in events]


def _of_site(event: Event, site: str) -> Event:
    said = event.envelope
    envelope = replace(
        said, event_id=event_id(site, said.event_id), exam_id=f"{site}|{said.exam_id}", site=site
    )
    return replace(event, envelope=envelope)


def _peer_client(installation: Installation) -> Client:
    settings = installation.settings
    password = installation.secret("clickhouse_password")
    client = connect(installation.clickhouse_url, settings.clickhouse_user, password, _PEER_DATABASE)
    client.command(f"CREATE DATABASE {_PEER_DATABASE} ENGINE = Atomic", use_database=False)
    migrate(client, _PEER_DATABASE)
    return client


async def measure(options: Options) -> Result:
    """Both, on one installation."""
    exams = QUICK_EXAMS if options.quick else FULL_EXAMS
    events = of_sites([event for said in department_events(exams) for event in said], _SITES)
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        async with stores(Path(directory)) as installation:
            client = await asyncio.to_thread(analytics_client, installation)
            await asyncio.to_thread(migrate, client, installation.settings.clickhouse_database)
            peer_client = await asyncio.to_thread(_peer_client, installation)
            progress(f"{len(events):,} events to Kafka")
            await asyncio.to_thread(published, installation, events)
            progress("the sink")
            ours = await asyncio.to_thread(of_sink, installation, client, len(events))
            progress("the bare insert")
            peer = await asyncio.to_thread(of_insert, peer_client, events)
            client.close()
            peer_client.close()
    return Result(benchmark="clickhouse_sink", ours=ours, peers={"bare Arrow insert": peer})


if __name__ == "__main__":
    chosen = parse_options(__doc__)
    report(asyncio.run(measure(chosen)), chosen)
