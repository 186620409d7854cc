"""What the outbound sink must be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.keyring_config import KeyRingConfig
from sinks.delivering.outlet import OutletConfig
from sinks.hl7.destinations import Destination


def wall_clock() -> datetime:
    """The time now, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundConfig(OutletConfig):
    """The outbound HL7 sink of one site.

    now: the clock of occurred_at; another one for a department in simulated time.
    """

    registry_url: str
    key_ring: KeyRingConfig
    destinations: tuple[Destination, ...]
    now: Callable[[], datetime] = wall_clock
