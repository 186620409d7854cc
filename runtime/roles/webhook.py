"""The webhook sink: alerts to other systems."""

from __future__ import annotations

import asyncio

from runtime.installation import Installation
from runtime.webhooks import webhook_config
from sinks.webhook.service import serve


def run(installation: Installation) -> None:
    """Run until SIGTERM or SIGINT. Raises StackError, which names what is wrong in the file."""
    asyncio.run(serve(webhook_config(installation), installation.announcer("webhook")))
