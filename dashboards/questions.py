"""Questions that cannot be answered."""

from __future__ import annotations


class BadQuestion(ValueError):
    """The question cannot be answered; the message says what is wrong with it."""
