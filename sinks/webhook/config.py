"""What the webhook sink must be told."""

from __future__ import annotations

from dataclasses import dataclass

from schemas.topics import ALERTS
from sinks.delivering.config import OutletConfig
from sinks.webhook.destinations import WebhookDestination


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookConfig(OutletConfig):
    """The webhook sink of one site."""

    destinations: tuple[WebhookDestination, ...]
    topic: str = ALERTS
