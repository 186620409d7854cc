"""What every sink that delivers must be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.keyring_config import KeyRingConfig
from schemas.topics import EVENTS


def wall_clock() -> datetime:
    """The time now, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutletConfig:
    """What every outlet of a sink is told.

    key_ring: Opens what is delivered, and seals dead letters.
    now: The clock of what is said; another one for a department in simulated time.
    instance_id: Kafka's static membership (KIP-345) of each destination's consumer; one process may use it.
    topic: What is delivered from.
    max_pending: Deliveries of one destination that may wait; then its log is read no further.
    """

    kafka_bootstrap: str
    registry_url: str
    key_ring: KeyRingConfig
    now: Callable[[], datetime] = wall_clock
    instance_id: str | None = None
    topic: str = EVENTS
    max_pending: int = 1_000
    stop_timeout_s: float = 2.0
