"""Instants on the command line."""

from __future__ import annotations

from datetime import UTC, datetime

from sinks.history.times import microseconds


def instant_us(given: str | None) -> int | None:
    """An ISO 8601 instant, UTC where it names no zone, as microseconds since the epoch. Raises ValueError."""
    if given is None:
        return None
    at = datetime.fromisoformat(given)
    return microseconds(at if at.tzinfo else at.replace(tzinfo=UTC))
