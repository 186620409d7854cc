"""The webhook sink as a process: an outlet for each destination."""

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
from sinks.delivering.errors import Stopped
from sinks.delivering.outlet import Outlet, run_outlets, until_available
from sinks.delivering.saying import Speaker
from sinks.webhook.config import WebhookConfig
from sinks.webhook.selection import Selection
from sinks.webhook.sending import WebhookCarrier
from sinks.webhook.signing import read_secret

log = structlog.get_logger(__name__)


async def serve(config: WebhookConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT; `ready` is called once every destination's topic is subscribed.

    Waits for Kafka and the registry for as long as it takes. Raises KeyRingUnusable, SchemaError,
    InvalidDestinations where a secret cannot be read, and Unavailable where another process took our place.
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
    log.info("stopped", role="webhook")


async def deliver(
    config: WebhookConfig,
    *,
    ring: KeyRing,
    codec: Codec,
    stop: asyncio.Event,
    ready: Callable[[], None] | None = None,
) -> None:
    """Deliver to every destination until `stop`; as `serve`, with its parts given."""
    speaker = Speaker(config.kafka_bootstrap, codec, "radstream-webhook")
    outlets = [
        Outlet(
            config,
            destination,
            WebhookCarrier(destination, read_secret(destination.secret_file), ring, config.now),
            choose=Selection(destination, codec).choose,
            speaker=speaker,
        )
        for destination in config.destinations
    ]

    def started() -> None:
        log.info("delivering", destinations=[destination.name for destination in config.destinations])
        if ready is not None:
            ready()

    try:
        await run_outlets(outlets, stop, started)
    finally:
        await asyncio.to_thread(speaker.close)
