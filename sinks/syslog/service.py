"""The syslog sink as a process: an outlet for each audit repository."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from schemas.codec import Codec
from schemas.phi import KeyRing
from sinks.delivering.outlets import Sending, deliver_to_each
from sinks.delivering.serving import serve_until_signal
from sinks.syslog.config import SyslogConfig
from sinks.syslog.selection import Selection
from sinks.syslog.sending import SyslogCarrier


def _sendings(config: SyslogConfig, ring: KeyRing, codec: Codec) -> Iterator[Sending]:
    for one in config.destinations:
        yield Sending(one, SyslogCarrier(one, ring, config.host), Selection(codec).choose)


deliver = deliver_to_each("radstream-audit-syslog", _sendings)
"""Deliver to every destination until `stop`; as `serve`, with its parts given."""


async def serve(config: SyslogConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT; `ready` is called once every destination's topic is subscribed.

    Waits for Kafka and the registry for as long as it takes. Raises KeyRingUnusable, SchemaError, and
    Unavailable where another process took our place in a group.
    """
    await serve_until_signal("audit-syslog", config, deliver, ready)
