"""The servers that HL7 messages are sent to: our listener, and python-hl7's."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import hl7
import psutil
from hl7.mllp import HL7StreamReader, HL7StreamWriter, start_hl7_server

from benchmarks.harness import progress
from benchmarks.listening import wait_for
from runtime.installation import Installation
from runtime.parts import registry_part, role_command
from runtime.pipeline import local_kafka, with_free_ports
from runtime.settings import Settings
from runtime.stack.supervisor import Supervisor
from runtime.stack.topics import create_topics
from schemas.registry import register_contracts
from schemas.topics import topic_specs


@dataclass(slots=True)
class Server:
    """A server process, and what it used."""

    pid: int
    port: int
    memory_mb: list[tuple[float, float]] = field(default_factory=list)

    def cpu_s(self) -> float:
        """User and system, so far."""
        times = psutil.Process(self.pid).cpu_times()
        return times.user + times.system

    def sample_memory(self) -> None:
        """Note the resident memory now."""
        self.memory_mb.append((time.monotonic(), psutil.Process(self.pid).memory_info().rss / 2**20))


@asynccontextmanager
async def our_server(data: Path) -> AsyncIterator[Server]:
    """The HL7 listener of an installation with a Kafka and a registry of its own."""
    installation = Installation(with_free_ports(Settings(data=data)))
    progress("starting Kafka, the schema registry and the listener")
    async with Supervisor(data, lambda _event: None) as supervisor:
        await supervisor.start([local_kafka(installation, lambda *_: None), registry_part(installation)])
        specs = topic_specs(installation.settings.kafka_partitions)
        await asyncio.to_thread(create_topics, installation.kafka_bootstrap, specs)
        await asyncio.to_thread(register_contracts, installation.registry_url)
        with _listener(installation) as pid:
            yield Server(pid, installation.settings.hl7_port)


@contextmanager
def _listener(installation: Installation) -> Iterator[int]:
    environment = installation.environment()
    with (
        (installation.data / "listener.log").open("wb") as log,
        subprocess.Popen(role_command("hl7"), env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            wait_for(installation.settings.hl7_port)
            yield process.pid
        finally:
            process.terminate()


@contextmanager
def python_hl7_server() -> Iterator[Server]:
    """python-hl7's MLLP server: parses, answers AA, keeps nothing."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    process = multiprocessing.get_context("spawn").Process(target=_serve_python_hl7, args=(port,))
    process.start()
    try:
        wait_for(port)
        yield Server(process.pid or 0, port)
    finally:
        process.terminate()
        process.join()


def _serve_python_hl7(port: int) -> None:
    async def answer(reader: HL7StreamReader, writer: HL7StreamWriter) -> None:
        try:
            while True:
                message: hl7.Message = await reader.readmessage()
                writer.writemessage(message.create_ack())
                await writer.drain()
        except asyncio.IncompleteReadError:
            writer.close()

    async def serve() -> None:
        async with await start_hl7_server(answer, port=port, host="127.0.0.1", limit=2**20) as server:
            await server.serve_forever()

    asyncio.run(serve())
