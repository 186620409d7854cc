"""Instants on the command line."""

from __future__ import annotations

from datetime import UTC, datetime

from sinks.history.times import microseconds


def instant_us(given: str | None) -> int | None:
    """An ISO 8601 instant, UTC where it names no zone, as microseconds since the epoch. Raises ValueError."""
    return None if given is None else microseconds(instant(given))


def instant(given: str) -> datetime:
    """An ISO 8601 instant, UTC where it names no zone. Raises ValueError."""
    at = datetime.fromisoformat(given)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
