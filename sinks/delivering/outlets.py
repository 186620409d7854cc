"""Every destination of a sink: each has an outlet of its own, all speak to the log through one speaker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import TypeVar

from schemas.codec import Codec
from sinks.delivering.outlet import Outlet, run_outlets
from sinks.delivering.saying import Speaker

Destination = TypeVar("Destination")


async def deliver_to_each(
    destinations: Iterable[Destination],
    outlet: Callable[[Destination, Speaker], Outlet],
    *,
    kafka_bootstrap: str,
    codec: Codec,
    client_id: str,
    stop: asyncio.Event,
    ready: Callable[[], None] | None,
) -> None:
    """Deliver until `stop`, through the `outlet` that is made for each; as `run_outlets`.

    `client_id`: what Kafka calls the speaker.
    """
    speaker = Speaker(kafka_bootstrap, codec, client_id)
    try:
        await run_outlets([outlet(one, speaker) for one in destinations], stop, ready)
    finally:
        await asyncio.to_thread(speaker.close)
