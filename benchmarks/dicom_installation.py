"""radstream's own part of the DICOM benchmark: an installation of the stores and the DICOM roles alone."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from confluent_kafka import Consumer, TopicPartition

from benchmarks.dicom_servers import Server
from runtime.installation import Installation
from runtime.local.objectstore import ensure_bucket
from runtime.objects import object_client
from runtime.parts import pipeline_parts
from runtime.pipeline import store_parts, with_free_ports
from runtime.settings import Settings
from runtime.stack.part import Part
from runtime.stack.supervisor import Supervisor
from runtime.stack.topics import create_topics
from schemas.registry import register_contracts
from schemas.topics import INSTANCES, topic_specs

_ROLES = "dicom"
_NOT_NEEDED = "clickhouse"
_POLL_S = 0.25


@dataclass(frozen=True, slots=True)
class Running:
    """The installation as it runs."""

    installation: Installation
    server: Server

    def events(self) -> int:
        """How many events the log has of single images."""
        consumer = Consumer(
            {"bootstrap.servers": self.installation.kafka_bootstrap, "group.id": str(uuid4())}
        )
        try:
            partitions = consumer.list_topics(INSTANCES, timeout=10).topics[INSTANCES].partitions
            ends = (
                consumer.get_watermark_offsets(TopicPartition(INSTANCES, number), timeout=10)
                for number in partitions
            )
            return sum(high for _, high in ends)
        finally:
            consumer.close()

    def await_events(self, count: int, timeout_s: float) -> None:
        """Until the log has as many. An event is there only after its object. Raises RuntimeError."""
        until_s = time.monotonic() + timeout_s
        while (found := self.events()) < count:
            if time.monotonic() > until_s:
                raise RuntimeError(f"{found} of {count} events after {timeout_s:.0f} s")
            time.sleep(_POLL_S)

    def keys(self) -> Iterator[str]:
        """The objects that the object store has."""
        client = object_client(self.installation)
        for found in client.list_objects(self.installation.settings.s3_bucket, recursive=True):
            if not found.is_dir:
                yield found.object_name or ""

    def images(self) -> int:
        """How many images the object store has."""
        return sum(key.startswith("studies/") and key.endswith(".dcm") for key in self.keys())


@asynccontextmanager
async def running(data: Path) -> AsyncIterator[Running]:
    """Kafka, registry, object store, and every role of ours that has to do with DICOM, on free ports."""
    installation = Installation(with_free_ports(Settings(data=data)))
    settings = installation.settings
    async with Supervisor(data, lambda _event: None) as supervisor:
        stores = await asyncio.to_thread(store_parts, installation, lambda *_: None)
        stores = [part for part in stores if part.name != _NOT_NEEDED]
        await supervisor.start(stores)
        await asyncio.to_thread(
            create_topics, installation.kafka_bootstrap, topic_specs(settings.kafka_partitions)
        )
        await asyncio.to_thread(register_contracts, installation.registry_url)
        await asyncio.to_thread(ensure_bucket, object_client(installation), settings.s3_bucket)
        roles = [part for part in pipeline_parts(installation) if _is_ours(part)]
        await supervisor.start(roles)
        pids = {name: state.pid or 0 for name, state in supervisor.state.parts.items()}
        yield Running(
            installation,
            Server(
                port=settings.dicom_port,
                ae_title=settings.dicom_ae_title,
                processes={part.name: pids[part.name] for part in roles},
                infrastructure={part.name: pids[part.name] for part in stores},
            ),
        )


def _is_ours(part: Part) -> bool:
    return part.name == _ROLES or part.name.startswith(f"{_ROLES}-")
