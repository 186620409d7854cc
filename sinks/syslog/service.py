"""The syslog sink as a process: an outlet for each audit repository."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from schemas.codec import Codec
from schemas.phi import KeyRing
from sinks.delivering.outlet import Outlet
from sinks.delivering.outlets import deliver_to_each
from sinks.delivering.saying import Speaker
from sinks.delivering.serving import serve_until_signal
from sinks.syslog.config import SyslogConfig
from sinks.syslog.destinations import SyslogDestination
from sinks.syslog.selection import Selection
from sinks.syslog.sending import SyslogCarrier


async def serve(config: SyslogConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT; `ready` is called once every destination's topic is subscribed.

    Waits for Kafka and the registry for as long as it takes. Raises KeyRingUnusable, SchemaError, and
    Unavailable where another process took our place in a group.
    """
    await serve_until_signal("audit-syslog", config, deliver, ready)


async def deliver(
    config: SyslogConfig,
    *,
    ring: KeyRing,
    codec: Codec,
    stop: asyncio.Event,
    ready: Callable[[], None] | None = None,
) -> None:
    """Deliver to every destination until `stop`; as `serve`, with its parts given."""

    def outlet(destination: SyslogDestination, speaker: Speaker) -> Outlet:
        carrier = SyslogCarrier(destination, ring, config.host)
        return Outlet(config, destination, carrier, choose=Selection(codec).choose, speaker=speaker)

    await deliver_to_each(
        config.destinations,
        outlet,
        kafka_bootstrap=config.kafka_bootstrap,
        codec=codec,
        client_id="radstream-audit-syslog",
        stop=stop,
        ready=ready,
    )
