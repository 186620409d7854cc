"""The MLLP listener: `serve` runs it until it is cancelled or the process gets SIGTERM."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

from producers.hl7.config import Hl7Config
from producers.hl7.connection import MllpConnection
from producers.hl7.context import MappingConfig
from producers.hl7.receiver import Receiver
from producers.publishing import EventPublisher, PublisherConfig
from producers.stopping import stop_requested
from schemas.codec import Codec
from schemas.keyring_config import open_key_ring
from schemas.registry import connect_codec

log = structlog.get_logger("hl7")
_BACKLOG = 512


class MllpListener:
    """Accepts connections and ends them in order."""

    def __init__(self, config: Hl7Config, receiver: Receiver) -> None:
        self._config = config
        self._receiver = receiver
        self._connections: set[MllpConnection] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port that is bound: the system's choice where the setting is 0."""
        assert self._server is not None  # noqa: S101 - asked only after start
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Bind. Raises OSError where the address is taken."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            self._connection, self._config.host, self._config.port, backlog=_BACKLOG
        )

    async def stop(self) -> None:
        """Accept no more; answer every message that was read, within the bound; close."""
        if self._server is not None:
            self._server.close()
        connections = list(self._connections)
        for connection in connections:
            connection.stop()
        try:
            async with asyncio.timeout(self._config.stop_timeout_s):
                await asyncio.gather(*(connection.wait_stopped() for connection in connections))
        except TimeoutError:
            log.warning("stopped with unanswered messages")
            for connection in connections:
                connection.abort()

    def _connection(self) -> asyncio.Protocol:
        if len(self._connections) >= self._config.max_connections:
            log.warning("connection refused: too many", max_connections=self._config.max_connections)
            return _Refusal()
        connection = MllpConnection(
            self._receiver.receive,
            max_message_bytes=self._config.max_message_bytes,
            max_pending=self._config.max_pending,
            idle_timeout_s=self._config.idle_timeout_s,
            on_lost=self._connections.discard,
        )
        self._connections.add(connection)
        return connection


class _Refusal(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


@asynccontextmanager
async def listening(config: Hl7Config, codec: Codec) -> AsyncIterator[MllpListener]:
    """A listener that accepts connections inside the block, and is stopped in order after it."""
    publisher = EventPublisher(
        PublisherConfig(config.bootstrap, "radstream-hl7", config.delivery_timeout_s), codec
    )
    ring = open_key_ring(config.key_ring)
    mapping = MappingConfig(config.site, config.site_secret, config.zone, config.profiles)
    listener = MllpListener(config, Receiver(mapping, ring, publisher, config.now))
    try:
        await listener.start()
        try:
            yield listener
        finally:
            await listener.stop()
    finally:
        await asyncio.to_thread(publisher.close, 0.3)


async def serve(config: Hl7Config, ready: Callable[[], None] | None = None) -> None:
    """Run until cancelled or SIGTERM; `ready` is called when connections are accepted.

    Raises OSError where the address is taken, RegistryUnavailable, or KeyRingUnusable.
    """
    codec = await asyncio.to_thread(connect_codec, config.registry_url)
    with stop_requested() as stop:
        async with listening(config, codec) as listener:
            log.info("listening", protocol="MLLP", host=config.host, port=listener.port)
            if ready is not None:
                ready()
            await stop.wait()
    log.info("stopped", protocol="MLLP")
