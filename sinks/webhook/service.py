"""The webhook sink as a process: an outlet for each destination."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from schemas.codec import Codec
from schemas.phi import KeyRing
from sinks.delivering.outlets import Sending, deliver_to_each
from sinks.delivering.serving import serve_until_signal
from sinks.webhook.config import WebhookConfig
from sinks.webhook.selection import Selection
from sinks.webhook.sending import WebhookCarrier
from sinks.webhook.signing import read_secret


def _sendings(config: WebhookConfig, ring: KeyRing, codec: Codec) -> Iterator[Sending]:
    for one in config.destinations:
        carrier = WebhookCarrier(one, read_secret(one.secret_file), ring, config.now)
        yield Sending(one, carrier, Selection(one, codec).choose)


deliver = deliver_to_each("radstream-webhook", _sendings)
"""Deliver to every destination until `stop`; as `serve`, with its parts given."""


async def serve(config: WebhookConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT; `ready` is called once every destination's topic is subscribed.

    Waits for Kafka and the registry for as long as it takes. Raises KeyRingUnusable, SchemaError,
    InvalidDestinations where a secret cannot be read, and Unavailable where another process took our place.
    """
    await serve_until_signal("webhook", config, deliver, ready)
