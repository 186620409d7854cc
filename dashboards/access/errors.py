"""What goes wrong with access."""

from __future__ import annotations


class NotRecorded(Exception):
    """Kafka does not have the access, so nothing that is protected may be shown."""
