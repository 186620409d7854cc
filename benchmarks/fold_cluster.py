"""Kafka, the schema registry and the fold's workers under a supervisor: an installation without its rest."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from confluent_kafka import KafkaError, Message, Producer

from runtime.installation import Installation, numbered
from runtime.lag import read_lag
from runtime.parts import fold_parts
from runtime.pipeline import store_parts, with_free_ports
from runtime.settings import Settings
from runtime.stack.events import StackEvent
from runtime.stack.part import Part
from runtime.stack.supervisor import Supervisor
from runtime.stack.topics import create_topics
from schemas.cloudevents import headers
from schemas.codec import Codec
from schemas.events import Event
from schemas.registry import connect_codec, register_contracts
from schemas.topics import EVENTS, topic_specs

BROKER = "kafka"
_STORES = (BROKER, "registry")
_DELIVERY_TIMEOUT_MS = 600_000


def _nobody(_event: StackEvent) -> None:
    """Nobody watches."""


@dataclass(slots=True)
class FoldCluster:
    """The running parts. `codec` is connected to their registry."""

    installation: Installation
    supervisor: Supervisor
    codec: Codec
    parts: dict[int, Part] = field(default_factory=dict)

    @property
    def bootstrap(self) -> str:
        """host:port of Kafka."""
        return self.installation.kafka_bootstrap

    async def start_workers(self, *numbers: int) -> None:
        """Start these workers, 1 being the first; returns when they have recovered. Raises PartFailed."""
        await self.supervisor.start(self.parts[number] for number in numbers)

    async def stop_workers(self, *numbers: int) -> None:
        """Stop these workers as an operator does; they are not started again."""
        await self.supervisor.stop([numbered("fold", number) for number in numbers])

    def pid(self, part: str) -> int | None:
        """The part's process, None while it has none."""
        state = self.supervisor.state.parts.get(part)
        return None if state is None else state.pid

    def workers(self) -> list[str]:
        """The workers that are being kept up."""
        parts = self.supervisor.state.parts
        return [name for name, part in parts.items() if name.startswith("fold") and part.state != "stopped"]

    def is_ready(self, part: str) -> bool:
        """Whether the part serves."""
        state = self.supervisor.state.parts.get(part)
        return state is not None and state.state == "ready"

    def lag(self) -> int | None:
        """Messages that the fold has yet to acknowledge; None where Kafka does not say."""
        return read_lag(self.bootstrap, "fold")


@asynccontextmanager
async def running_cluster(
    data: Path, *, workers: int, partitions: int, on_event: Callable[[StackEvent], None] = _nobody
) -> AsyncIterator[FoldCluster]:
    """The stores, with topics and contracts; up to `workers` workers can then be started."""
    settings = Settings(data=data, kafka_partitions=partitions, fold_workers=workers)
    installation = Installation(with_free_ports(settings))
    stores = await asyncio.to_thread(store_parts, installation, lambda *_: None)
    async with Supervisor(data, on_event) as supervisor:
        await supervisor.start(part for part in stores if part.name in _STORES)
        await asyncio.to_thread(create_topics, installation.kafka_bootstrap, topic_specs(partitions))
        await asyncio.to_thread(register_contracts, installation.registry_url)
        codec = await asyncio.to_thread(connect_codec, installation.registry_url)
        parts = dict(enumerate(fold_parts(installation), start=1))
        yield FoldCluster(installation, supervisor, codec, parts)


class LogWriter:
    """Writes events to the log as our producers do: acknowledged by all, in order, however long it takes."""

    def __init__(self, bootstrap: str, codec: Codec) -> None:
        self._codec = codec
        self._failed: list[str] = []
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "enable.idempotence": True,
                "linger.ms": 2,
                "delivery.timeout.ms": _DELIVERY_TIMEOUT_MS,
                "log_level": 0,
            }
        )

    def write(self, events: Sequence[Event]) -> None:
        """Hand events to the producer; waits while its queue is full."""
        for event in events:
            key, value = event.envelope.exam_id.encode(), self._codec.encode(event)
            while True:
                try:
                    self._producer.produce(
                        EVENTS, key=key, value=value, headers=[*headers(event)], on_delivery=self._note
                    )
                    break
                except BufferError:
                    self._producer.poll(0.1)
        self._producer.poll(0)

    def flush(self, timeout_s: float) -> None:
        """Until Kafka has everything. Raises RuntimeError where it does not take it."""
        left = self._producer.flush(timeout_s)
        if left or self._failed:
            raise RuntimeError(f"{left} events are not in Kafka: {self._failed[:3]}")

    def _note(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self._failed.append(error.str())
