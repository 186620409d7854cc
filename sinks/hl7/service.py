"""The outbound sink as a process: an outlet for each destination."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from schemas.codec import Codec
from schemas.phi import KeyRing
from sinks.delivering.outlet import Outlet
from sinks.delivering.outlets import deliver_to_each
from sinks.delivering.saying import Speaker
from sinks.delivering.serving import serve_until_signal
from sinks.hl7.config import OutboundConfig
from sinks.hl7.destinations import Destination
from sinks.hl7.selection import Selection
from sinks.hl7.sending import Hl7Carrier


async def serve(config: OutboundConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT; `ready` is called once every destination's log is subscribed.

    Waits for Kafka and the registry for as long as it takes. Raises KeyRingUnusable, SchemaError, and
    Unavailable where another process took our place in a group.
    """
    await serve_until_signal("hl7-out", config, deliver, ready)


async def deliver(
    config: OutboundConfig,
    *,
    ring: KeyRing,
    codec: Codec,
    stop: asyncio.Event,
    ready: Callable[[], None] | None = None,
) -> None:
    """Deliver to every destination until `stop`; as `serve`, with its parts given."""

    def outlet(destination: Destination, speaker: Speaker) -> Outlet:
        carrier = Hl7Carrier(destination, ring, config.now)
        return Outlet(
            config, destination, carrier, choose=Selection(destination, codec).choose, speaker=speaker
        )

    await deliver_to_each(
        config.destinations,
        outlet,
        kafka_bootstrap=config.kafka_bootstrap,
        codec=codec,
        client_id="radstream-hl7-out",
        stop=stop,
        ready=ready,
    )
