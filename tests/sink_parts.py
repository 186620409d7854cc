"""Kafka, the schema registry and ClickHouse of an installation, without the pipeline."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from runtime.installation import Installation
from runtime.parts import clickhouse_part, registry_part
from runtime.pipeline import local_kafka, with_free_ports
from runtime.settings import Settings
from runtime.stack.supervisor import Supervisor
from runtime.stack.topics import create_topics
from schemas.registry import register_contracts
from schemas.topics import topic_specs
from tests.running_stack import RunningStack

_START_TIMEOUT_S = 180
_STOP_TIMEOUT_S = 30
_PARTITIONS = 2


@contextmanager
def sink_parts(data: Path) -> Iterator[RunningStack]:
    """They run inside the block, with their topics and contracts, and nobody else writes to them."""
    installation = Installation(with_free_ports(Settings(data=data)))
    up, ending = threading.Event(), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(_supervise(installation, up, ending)), daemon=True)
    thread.start()
    try:
        assert up.wait(_START_TIMEOUT_S), "Kafka, the registry and ClickHouse did not start"
        create_topics(installation.kafka_bootstrap, topic_specs(_PARTITIONS))
        register_contracts(installation.registry_url)
        yield RunningStack(data, installation.endpoints(), {})
    finally:
        ending.set()
        thread.join(_STOP_TIMEOUT_S)


async def _supervise(installation: Installation, up: threading.Event, ending: threading.Event) -> None:
    async with Supervisor(installation.data, lambda _event: None) as supervisor:
        await supervisor.start(
            [
                local_kafka(installation, lambda *_: None),
                registry_part(installation),
                clickhouse_part(installation),
            ]
        )
        up.set()
        await asyncio.to_thread(ending.wait)
