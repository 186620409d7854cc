"""What the outbound sink must be told."""

from __future__ import annotations

from dataclasses import dataclass

from sinks.delivering.config import OutletConfig
from sinks.hl7.destinations import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundConfig(OutletConfig):
    """The outbound HL7 sink of one site."""

    destinations: tuple[Destination, ...]
