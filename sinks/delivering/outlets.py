"""Every destination of a sink: each has an outlet of its own, all speak to the log through one speaker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from schemas.codec import Codec
from schemas.phi import KeyRing
from sinks.delivering.config import OutletConfig
from sinks.delivering.job import Carrier, Choose, Receiver
from sinks.delivering.outlet import Outlet, run_outlets
from sinks.delivering.saying import Speaker
from sinks.delivering.serving import Deliver

Config = TypeVar("Config", bound=OutletConfig)


class Sending(NamedTuple):
    """One destination, what carries to it, and what chooses what is carried."""

    destination: Receiver
    carrier: Carrier
    choose: Choose


Sendings = Callable[[Config, KeyRing, Codec], Iterable[Sending]]
"""What a protocol brings: of each of its destinations how it is sent to."""


def deliver_to_each(client_id: str, sendings: Sendings[Config]) -> Deliver[Config]:
    """What delivers to every destination of `sendings` until a stop; as `run_outlets`.

    `client_id`: what Kafka calls the speaker.
    """

    async def deliver(
        config: Config,
        *,
        ring: KeyRing,
        codec: Codec,
        stop: asyncio.Event,
        ready: Callable[[], None] | None = None,
    ) -> None:
        speaker = Speaker(config.kafka_bootstrap, codec, client_id)
        try:
            outlets = [
                Outlet(config, one.destination, one.carrier, choose=one.choose, speaker=speaker)
                for one in sendings(config, ring, codec)
            ]
            await run_outlets(outlets, stop, ready)
        finally:
            await asyncio.to_thread(speaker.close)

    return deliver
