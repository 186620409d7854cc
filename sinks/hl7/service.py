"""The outbound sink as a process: an outlet for each destination."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import structlog

from schemas.codec import Codec
from schemas.keyring_config import open_key_ring
from schemas.phi import KeyRing
from schemas.registry import connect_codec
from sinks.hl7.config import OutboundConfig
from sinks.hl7.errors import Stopped
from sinks.hl7.outlet import Outlet, until_available
from sinks.hl7.saying import Speaker

log = structlog.get_logger(__name__)


async def serve(config: OutboundConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT; `ready` is called once every destination's log is subscribed.

    Waits for Kafka and the registry for as long as it takes. Raises KeyRingUnusable, SchemaError, and
    Unavailable where another process took our place in a group.
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
    log.info("stopped", role="hl7-out")


async def deliver(
    config: OutboundConfig,
    *,
    ring: KeyRing,
    codec: Codec,
    stop: asyncio.Event,
    ready: Callable[[], None] | None = None,
) -> None:
    """Deliver to every destination until `stop`; as `serve`, with its parts given."""
    speaker = Speaker(config.kafka_bootstrap, codec)
    left = len(config.destinations)

    def started() -> None:
        nonlocal left
        left -= 1
        if left == 0 and ready is not None:
            log.info("delivering", destinations=[destination.name for destination in config.destinations])
            ready()

    try:
        async with asyncio.TaskGroup() as group:
            for destination in config.destinations:
                outlet = Outlet(config, destination, ring=ring, codec=codec, speaker=speaker)
                group.create_task(outlet.run(stop, started))
    finally:
        await asyncio.to_thread(speaker.close)
