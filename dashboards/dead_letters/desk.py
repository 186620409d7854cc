"""Who keeps dead letters and drives them again, as the dashboard sees it. It is handed in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

OPEN, RETRIED, RESOLVED, DISMISSED = "open", "retried", "resolved", "dismissed"
STATES = (OPEN, RETRIED, RESOLVED, DISMISSED)


class DeskUnavailable(Exception):
    """The letters cannot be read, or what was asked could not be noted. The text says which part is away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A dead letter without what was sealed.

    system, facility, protocol: Who sent it. count: How often it was written: more than once, and it failed
    again. sealed_bytes: Size of what was sealed. is_whole: False where only its beginning was kept.
    resolution, resolved_at, resolved_by, answer: What ended it; None while it is open.
    """

    dead_letter_id: str
    recorded_at: datetime
    origin: str
    reason: str
    detail: str
    system: str
    facility: str
    protocol: str
    source_message_id: str
    destination: str | None
    content_type: str
    sealed_bytes: int
    is_whole: bool
    count: int
    resolution: str | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    answer: str | None = None

    @property
    def state(self) -> str:
        """open; retried: open and failed more than once; resolved; dismissed."""
        if self.resolution is not None:
            return DISMISSED if self.resolution == DISMISSED else RESOLVED
        return RETRIED if self.count > 1 else OPEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of driving one letter again, or of dismissing it.

    resolution: In coded form, None where it was not taken. answer: Of whom it was sent to, in coded form.
    why_not: Why it was not taken, and what would help.
    """

    dead_letter_id: str
    resolution: str | None
    answer: str | None = None
    why_not: str | None = None

    @property
    def taken(self) -> bool:
        """Whether the letter is closed."""
        return self.resolution is not None


class Desk(Protocol):
    """May be called from any thread; every call may wait for Kafka."""

    def letters(self) -> Sequence[Letter]:
        """All letters, the latest first. Raises DeskUnavailable."""

    def payload(self, dead_letter_id: str) -> bytes:
        """What was sealed. Raises KeyError where there is no such letter, or DeskUnavailable."""

    def retry(self, dead_letter_id: str, by: str) -> Outcome:
        """Drive it again to whom it was meant for; what is taken is noted in Kafka when this returns.

        Raises KeyError where there is no such letter, or DeskUnavailable.
        """

    def dismiss(self, dead_letter_id: str, by: str) -> Outcome:
        """Close it; noted in Kafka when this returns. Raises as `retry`."""
