"""The MLLP listener: `serve` runs it until it is cancelled or the process gets SIGTERM."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import structlog

from producers.hl7.config import Hl7Config
from producers.hl7.connection import MllpConnection
from producers.hl7.context import MappingConfig
from producers.hl7.counts import Counts
from producers.hl7.in_flight import InFlight
from producers.hl7.receiver import Receiver
from producers.hl7.senders import is_within
from producers.hl7.sockets import listening_socket
from producers.hl7.tls import server_context
from producers.loop_publishing import LoopPublisher
from producers.publishing import PublisherConfig
from producers.stopping import stop_requested
from schemas.codec import Codec
from schemas.keyring_config import open_key_ring
from schemas.registry import connect_codec

log = structlog.get_logger("hl7")
_BACKLOG = 512
_CHECK_EVERY_S = 1.0
_TELL_EVERY_S = 1.0

Tell = Callable[[Mapping[str, Any]], None]


class MllpListener:
    """Accepts connections, watches over them, and ends them in order."""

    def __init__(self, config: Hl7Config, receiver: Receiver) -> None:
        self._config = config
        self._receiver = receiver
        self.in_flight = InFlight(config.limits.max_in_flight, config.limits.max_buffered_bytes)
        self._connections: set[MllpConnection] = set()
        self._server: asyncio.Server | None = None
        self._checking: asyncio.TimerHandle | None = None

    @property
    def port(self) -> int:
        """The port that is bound: the system's choice where the setting is 0."""
        assert self._server is not None  # noqa: S101 - asked only after start
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def counts(self) -> Counts:
        """What it has done so far."""
        return self._receiver.counts

    async def start(self) -> None:
        """Bind. Raises OSError where the address is taken, or a file of TLS cannot be read."""
        config = self._config
        context = server_context(config.tls) if config.tls is not None else None
        self._server = await _serve_on(
            listening_socket(config.host, config.port, is_shared=config.shares_port),
            self._connection,
            context,
            config.limits.handshake_timeout_s,
        )
        self._check()

    async def stop(self) -> None:
        """Accept no more; answer every message that was read, within the bound; close."""
        if self._server is not None:
            self._server.close()
        if self._checking is not None:
            self._checking.cancel()
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
            await asyncio.sleep(0)  # the loop closes their sockets in its next turn

    def _connection(self) -> MllpConnection:
        return MllpConnection(
            self._receiver.receive,
            self._config.limits,
            self.in_flight,
            accept=self._accept,
            on_lost=self._connections.discard,
            can_half_close=self._config.tls is None,
        )

    def _accept(self, connection: MllpConnection, address: str) -> bool:
        config = self._config
        if config.networks and not is_within(address, config.networks):
            log.warning("connection refused: address not allowed", address=address)
            return False
        if len(self._connections) >= config.limits.max_connections:
            log.warning("connection refused: too many", max_connections=config.limits.max_connections)
            return False
        self._connections.add(connection)
        return True

    def _check(self) -> None:
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        for connection in list(self._connections):
            connection.check(now_s)
        every_s = min(_CHECK_EVERY_S, self._config.limits.idle_timeout_s)
        self._checking = loop.call_later(every_s, self._check)


async def _serve_on(
    bound: socket.socket,
    connection: Callable[[], asyncio.Protocol],
    context: ssl.SSLContext | None,
    handshake_timeout_s: float,
) -> asyncio.Server:
    loop = asyncio.get_running_loop()
    if context is None:
        return await loop.create_server(connection, sock=bound, backlog=_BACKLOG)
    return await loop.create_server(
        connection, sock=bound, backlog=_BACKLOG, ssl=context, ssl_handshake_timeout=handshake_timeout_s
    )


async def _tell(counts: Counts, tell: Tell) -> None:
    told: Mapping[str, Any] = {}
    while True:
        if (now := counts.as_metrics()) != told:
            await asyncio.to_thread(tell, now)
            told = now
        await asyncio.sleep(_TELL_EVERY_S)


@asynccontextmanager
async def listening(config: Hl7Config, codec: Codec) -> AsyncIterator[MllpListener]:
    """A listener that accepts connections inside the block, and is stopped in order after it."""
    publisher = LoopPublisher(
        PublisherConfig(config.bootstrap, "radstream-hl7", config.delivery_timeout_s), codec
    )
    ring = open_key_ring(config.key_ring)
    mapping = MappingConfig(config.site, config.site_secret, config.zone, config.profiles)
    receiver = Receiver(mapping, ring, publisher, config.now, config.senders)
    listener = MllpListener(config, receiver)
    try:
        await listener.start()
        try:
            yield listener
        finally:
            await listener.stop()
    finally:
        await publisher.close(0.3)
        receiver.close()
        log.info("messages", **receiver.counts.as_log())


async def serve(config: Hl7Config, ready: Callable[[], None] | None = None, tell: Tell | None = None) -> None:
    """Run until cancelled or SIGTERM; `ready` is called when connections are accepted.

    `tell` gets what was counted once a second, in a thread.
    Raises OSError where the address is taken, RegistryUnavailable, or KeyRingUnusable.
    """
    codec = await asyncio.to_thread(connect_codec, config.registry_url)
    with stop_requested() as stop:
        async with listening(config, codec) as listener:
            log.info("listening", protocol="MLLP", host=config.host, port=listener.port)
            if ready is not None:
                ready()
            telling = asyncio.create_task(_tell(listener.counts, tell)) if tell is not None else None
            await stop.wait()
            if telling is not None:
                telling.cancel()
    log.info("stopped", protocol="MLLP")
