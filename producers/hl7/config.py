"""What the HL7 listener needs to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

from producers.hl7.profile import Profiles
from producers.hl7.profile_file import default_profiles
from schemas.keyring_config import KeyRingConfig


def wall_clock() -> datetime:
    """The time now, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Hl7Config:
    """One MLLP listener.

    site: site code in every event; issuer of ids whose issuer a message does not name.
    key_ring: where the patients' keys are. site_secret: makes pseudonyms.
    zone: where the clock of a time without offset stands, unless a profile says otherwise.
    profiles: where each sender puts what.
    now: the clock of recorded_at; another one for a department in simulated time.
    delivery_timeout_s: how long Kafka has; after it the sender gets AE.
    idle_timeout_s: a connection without a message for so long is closed.
    stop_timeout_s: how long messages that were read have to be answered once we shall stop.
    max_message_bytes: longer messages get AR.
    max_pending: messages of one connection that may wait for Kafka; then its socket is read no further.
    """

    host: str
    port: int
    bootstrap: str
    registry_url: str
    site: str
    site_secret: bytes
    key_ring: KeyRingConfig
    zone: tzinfo = UTC
    profiles: Profiles = field(default_factory=default_profiles)
    now: Callable[[], datetime] = wall_clock
    delivery_timeout_s: float = 4.0
    idle_timeout_s: float = 3600.0
    stop_timeout_s: float = 2.5
    max_message_bytes: int = 8 * 1024 * 1024
    max_connections: int = 512
    max_pending: int = 64
