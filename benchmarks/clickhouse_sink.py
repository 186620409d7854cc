"""Rows per second from Kafka to ClickHouse, beside the bare Arrow insert of the same rows in the same run.

Kafka, the schema registry, ClickHouse and the sink are those of an installation. The events of a simulated
department lie in Kafka before the sink starts; its time runs from its first row to its last. The peer is
clickhouse-connect's insert of the same rows, in the same batches, made into Arrow before the clock starts:
nothing is read, decoded or committed. CPU is the sink's process and the inserting one's; ClickHouse's own is
not counted. Wanted: half of the peer's rows per second.
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
from schemas.registry import connect_codec, register_contracts
from schemas.topics import EVENTS as TOPIC
from schemas.topics import topic_specs
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.config import BatchLimits
from sinks.clickhouse.delivery import INSERT_SETTINGS
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.rows import EVENTS, to_arrow

QUICK_EXAMS, FULL_EXAMS = 2_000, 20_000
_BATCH = BatchLimits().rows
_TIMEOUT_S = 600.0
_PEER = "benchmark_peer"


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


def of_sink(installation: Installation, client: Client, rows: int) -> dict[str, float]:
    """Wall time from the first row to the last, and the sink's CPU."""
    with sink(installation) as process:
        first = _awaited(client, process, 1)
        last = _awaited(client, process, rows)
    counted = rows - first[2]
    return _figures(last[0] - first[0], last[1] - first[1], counted)


def _awaited(client: Client, process: psutil.Process, rows: int) -> tuple[float, float, int]:
    """When, after how much CPU, and with how many rows there are at least `rows`."""
    end_s = time.monotonic() + _TIMEOUT_S
    while (there := int(client.query("SELECT count() FROM events").result_rows[0][0])) < rows:
        if time.monotonic() > end_s:
            raise RuntimeError(f"{there} of {rows} rows after {_TIMEOUT_S:.0f} s")
        time.sleep(0.02)
    times = process.cpu_times()
    return time.monotonic(), times.user + times.system, there


def of_insert(client: Client, events: Sequence[Event]) -> dict[str, float]:
    """The same rows, inserted as they are."""
    client.command(f"CREATE TABLE {_PEER} AS events")
    batches: list[pa.Table] = [
        to_arrow(EVENTS, [Placed(event, TOPIC, 0, first + place) for place, event in enumerate(part)])
        for first, part in ((at, events[at : at + _BATCH]) for at in range(0, len(events), _BATCH))
    ]
    began_s, cpu_s = time.monotonic(), time.process_time()
    for number, batch in enumerate(batches):
        client.insert_arrow(
            _PEER, batch, settings={**INSERT_SETTINGS, "insert_deduplication_token": str(number)}
        )
    return _figures(time.monotonic() - began_s, time.process_time() - cpu_s, len(events))


def _figures(wall_s: float, cpu_s: float, rows: int) -> dict[str, float]:
    return {
        "wall_us_per_row": round(wall_s / rows * 1e6, 2),
        "cpu_us_per_row": round(cpu_s / rows * 1e6, 2),
        "rows_per_s": round(rows / wall_s),
    }


async def measure(options: Options) -> Result:
    """Both, on one installation."""
    exams = QUICK_EXAMS if options.quick else FULL_EXAMS
    events = [event for said in department_events(exams) for event in said]
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        async with stores(Path(directory)) as installation:
            client = await asyncio.to_thread(analytics_client, installation)
            await asyncio.to_thread(migrate, client, installation.settings.clickhouse_database)
            progress(f"{len(events):,} events to Kafka")
            await asyncio.to_thread(published, installation, events)
            progress("the sink")
            ours = await asyncio.to_thread(of_sink, installation, client, len(events))
            progress("the bare insert")
            peer = await asyncio.to_thread(of_insert, client, events)
            client.close()
    return Result(benchmark="clickhouse_sink", ours=ours, peers={"bare Arrow insert": peer})


if __name__ == "__main__":
    chosen = parse_options(__doc__)
    report(asyncio.run(measure(chosen)), chosen)
