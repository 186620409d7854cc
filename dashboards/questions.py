"""Questions that cannot be answered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime


class BadQuestion(ValueError):
    """The question cannot be answered; the message says what is wrong with it."""


def read_day(asked: Mapping[str, str], name: str) -> date | None:
    """The day that a parameter names, None where it is missing. Raises BadQuestion.

    ClickHouse reads no instants before 1900 or after 2299.
    """
    text = asked.get(name)
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC).date()
    except ValueError:
        raise BadQuestion(f"{name} must be a date as YYYY-MM-DD") from None
    if not 1970 <= day.year <= 2200:
        raise BadQuestion(f"{name} must be a date from 1970 to 2200")
    return day
