"""What the webhook sink must be told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from schemas.keyring_config import KeyRingConfig
from schemas.topics import ALERTS
from sinks.delivering.outlet import OutletConfig
from sinks.webhook.destinations import WebhookDestination


def wall_clock() -> datetime:
    """The time now, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookConfig(OutletConfig):
    """The webhook sink of one site.

    key_ring: seals dead letters. now: the clock of their recorded_at.
    """

    registry_url: str
    key_ring: KeyRingConfig
    destinations: tuple[WebhookDestination, ...]
    topic: str = ALERTS
    now: Callable[[], datetime] = wall_clock
