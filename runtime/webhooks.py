"""The webhooks of an installation: who is told of alerts, read from the file that a setting names."""

from __future__ import annotations

from runtime.installation import Installation
from runtime.outbound import DestinationsUnusable
from sinks.delivering.errors import InvalidDestinations
from sinks.webhook.config import WebhookConfig
from sinks.webhook.destinations import WebhookDestination, parse_webhooks
from sinks.webhook.signing import read_secret

DEFAULT_FILE = "webhooks.toml"


def read_webhooks(installation: Installation) -> tuple[WebhookDestination, ...]:
    """Who is told of alerts: RADSTREAM_WEBHOOKS, else `<data>/webhooks.toml` where it exists.

    Raises DestinationsUnusable where the file or a secret cannot be read, or says what cannot be.
    """
    given = installation.settings.webhooks
    path = given or installation.data / DEFAULT_FILE
    if given is None and not path.exists():
        return ()
    try:
        found = parse_webhooks(path.expanduser().read_text("utf-8"))
        for destination in found:
            read_secret(destination.secret_file)
    except (OSError, UnicodeDecodeError) as error:
        raise DestinationsUnusable(f"webhooks: {path} cannot be read: {type(error).__name__}") from error
    except InvalidDestinations as error:
        raise DestinationsUnusable(f"webhooks: {path}: {error}") from error
    return found


def webhook_config(installation: Installation) -> WebhookConfig:
    """What the webhook sink is told. Raises DestinationsUnusable."""
    return WebhookConfig(
        kafka_bootstrap=installation.kafka_bootstrap,
        registry_url=installation.registry_url,
        key_ring=installation.key_ring_config(),
        destinations=read_webhooks(installation),
        now=installation.now(),
        instance_id="webhook-0",
    )
