"""A sink as a process: from its start to its signal, the same for every protocol."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Protocol, TypeVar

import structlog

from schemas.codec import Codec
from schemas.keyring_config import open_key_ring
from schemas.phi import KeyRing
from schemas.registry import connect_codec
from sinks.delivering.config import OutletConfig
from sinks.delivering.errors import Stopped
from sinks.delivering.outlet import until_available

log = structlog.get_logger(__name__)

Config_contra = TypeVar("Config_contra", bound=OutletConfig, contravariant=True)


class Deliver(Protocol[Config_contra]):
    """Delivers to every destination until `stop`; `ready` is called once every one's log is subscribed."""

    async def __call__(
        self,
        config: Config_contra,
        /,
        *,
        ring: KeyRing,
        codec: Codec,
        stop: asyncio.Event,
        ready: Callable[[], None] | None = None,
    ) -> None:
        """Raises Unavailable where another process took our place in a group."""


async def serve_until_signal(
    role: str, config: Config_contra, deliver: Deliver[Config_contra], ready: Callable[[], None] | None
) -> None:
    """Run until SIGTERM or SIGINT; waits for Kafka and the registry for as long as it takes.

    Raises KeyRingUnusable, SchemaError, and what `deliver` raises.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    ring = open_key_ring(config.key_ring)
    with suppress(Stopped):
        connect = partial(asyncio.to_thread, connect_codec, config.registry_url)
        codec = await until_available(stop, connect)
        await deliver(config, ring=ring, codec=codec, stop=stop, ready=ready)
    log.info("stopped", role=role)
