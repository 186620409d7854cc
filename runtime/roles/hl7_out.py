"""The outbound HL7 sink."""

from __future__ import annotations

import asyncio

from runtime.installation import Installation
from runtime.outbound import read_destinations
from sinks.hl7.config import OutboundConfig
from sinks.hl7.service import serve


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT. Raises StackError, which names what is wrong in the file."""
    config = OutboundConfig(
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        key_ring=installation.key_ring_config(),
        destinations=read_destinations(installation),
        now=installation.now(),
        instance_id="hl7-out-0",
    )
    asyncio.run(serve(config, installation.announcer("hl7-out")))
