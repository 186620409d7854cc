"""What the outbound sink must be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.keyring_config import KeyRingConfig
from sinks.hl7.destinations import Destination


def wall_clock() -> datetime:
    """The time now, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundConfig:
    """The outbound sink of one site.

    instance_id: Kafka's static membership (KIP-345) of each destination's consumer; one process may use it.
    max_pending: Messages of one destination that may wait; then its log is read no further.
    now: the clock of occurred_at; another one for a department in simulated time.
    """

    kafka_bootstrap: str
    registry_url: str
    key_ring: KeyRingConfig
    destinations: tuple[Destination, ...]
    now: Callable[[], datetime] = wall_clock
    instance_id: str | None = None
    max_pending: int = 1_000
    stop_timeout_s: float = 2.0
