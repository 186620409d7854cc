"""The outbound sink as a process: an outlet for each destination."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from schemas.codec import Codec
from schemas.phi import KeyRing
from sinks.delivering.outlets import Sending, deliver_to_each
from sinks.delivering.serving import serve_until_signal
from sinks.hl7.config import OutboundConfig
from sinks.hl7.selection import Selection
from sinks.hl7.sending import Hl7Carrier


def _sendings(config: OutboundConfig, ring: KeyRing, codec: Codec) -> Iterator[Sending]:
    for one in config.destinations:
        yield Sending(one, Hl7Carrier(one, ring, config.now), Selection(one, codec).choose)


deliver = deliver_to_each("radstream-hl7-out", _sendings)
"""Deliver to every destination until `stop`; as `serve`, with its parts given."""


async def serve(config: OutboundConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT; `ready` is called once every destination's log is subscribed.

    Waits for Kafka and the registry for as long as it takes. Raises KeyRingUnusable, SchemaError, and
    Unavailable where another process took our place in a group.
    """
    await serve_until_signal("hl7-out", config, deliver, ready)
