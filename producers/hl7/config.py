"""What the HL7 listener needs to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from producers.hl7.profile import Profiles
from producers.hl7.profile_file import default_profiles
from producers.hl7.senders import Network, Senders
from schemas.keyring_config import KeyRingConfig


def wall_clock() -> datetime:
    """The time now, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """certificate, key: ours, PEM. client_authority: PEM; clients must then show a certificate of it."""

    certificate: Path
    key: Path
    client_authority: Path | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection, and all of them, may take of us.

    idle_timeout_s: a connection without a message for so long is closed.
    message_timeout_s: how long a message may take to arrive whole, and a sender to fetch its answers.
    handshake_timeout_s: how long TLS has to begin.
    max_message_bytes: longer messages get AR.
    max_pending: messages of one connection without an answer; then its socket is read no further.
    max_in_flight, max_buffered_bytes: the same of all connections together.
    """

    idle_timeout_s: float = 3600.0
    message_timeout_s: float = 30.0
    handshake_timeout_s: float = 10.0
    max_message_bytes: int = 8 * 1024 * 1024
    max_connections: int = 512
    max_pending: int = 64
    max_in_flight: int = 4096
    max_buffered_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Hl7Config:
    """One MLLP listener.

    site: site code in every event; issuer of ids whose issuer a message does not name.
    key_ring: where the patients' keys are. site_secret: makes pseudonyms.
    zone: where the clock of a time without offset stands, unless a profile says otherwise.
    profiles: where each sender puts what.
    now: the clock of recorded_at; another one for a department in simulated time.
    delivery_timeout_s: how long Kafka has; after it the sender gets AE.
    stop_timeout_s: how long messages that were read have to be answered once we shall stop.
    networks: addresses that may connect; empty: all. senders: who may send (MSH-3 and MSH-4).
    shares_port: other processes listen on the same port, and the system deals out the connections.
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
    stop_timeout_s: float = 2.5
    limits: Limits = field(default_factory=Limits)
    tls: TlsConfig | None = None
    networks: tuple[Network, ...] = ()
    senders: Senders = field(default_factory=Senders)
    shares_port: bool = False
