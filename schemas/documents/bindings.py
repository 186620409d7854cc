"""The Kafka bindings of the AsyncAPI document."""

from __future__ import annotations

BINDING = "0.5.0"  # the newest that the JSON schema of AsyncAPI 3.0.0 has
