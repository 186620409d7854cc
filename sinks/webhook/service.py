"""The webhook sink as a process: an outlet for each destination."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from schemas.codec import Codec
from schemas.phi import KeyRing
from sinks.delivering.outlet import Outlet
from sinks.delivering.outlets import deliver_to_each
from sinks.delivering.saying import Speaker
from sinks.delivering.serving import serve_until_signal
from sinks.webhook.config import WebhookConfig
from sinks.webhook.destinations import WebhookDestination
from sinks.webhook.selection import Selection
from sinks.webhook.sending import WebhookCarrier
from sinks.webhook.signing import read_secret


async def serve(config: WebhookConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT; `ready` is called once every destination's topic is subscribed.

    Waits for Kafka and the registry for as long as it takes. Raises KeyRingUnusable, SchemaError,
    InvalidDestinations where a secret cannot be read, and Unavailable where another process took our place.
    """
    await serve_until_signal("webhook", config, deliver, ready)


async def deliver(
    config: WebhookConfig,
    *,
    ring: KeyRing,
    codec: Codec,
    stop: asyncio.Event,
    ready: Callable[[], None] | None = None,
) -> None:
    """Deliver to every destination until `stop`; as `serve`, with its parts given."""

    def outlet(destination: WebhookDestination, speaker: Speaker) -> Outlet:
        carrier = WebhookCarrier(destination, read_secret(destination.secret_file), ring, config.now)
        return Outlet(
            config, destination, carrier, choose=Selection(destination, codec).choose, speaker=speaker
        )

    await deliver_to_each(
        config.destinations,
        outlet,
        kafka_bootstrap=config.kafka_bootstrap,
        codec=codec,
        client_id="radstream-webhook",
        stop=stop,
        ready=ready,
    )
