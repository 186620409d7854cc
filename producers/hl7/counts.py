"""What a listener has done so far, for its log and its metrics."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

_MOST_SENDERS = 200
_OTHERS = "others"


@dataclass(slots=True)
class Counts:
    """Messages since the start.

    accepted: answered AA. rejected: dead-lettered, and answered AE or AR. unavailable: answered AE without
    anything being wrong with them. repeated: accepted before, and not published again.
    silent: mapped, and nothing in them is an event. reused_control_ids: accepted, but their control id had
    stood for another content. repeated_by, rejected_by: the same by sender, MSH-3|MSH-4.
    """

    received: int = 0
    accepted: int = 0
    rejected: int = 0
    unavailable: int = 0
    repeated: int = 0
    silent: int = 0
    reused_control_ids: int = 0
    repeated_by: Counter[str] = field(default_factory=Counter)
    rejected_by: Counter[str] = field(default_factory=Counter)

    def count_repeated(self, sender: str) -> None:
        """A message that was accepted before."""
        self.repeated += 1
        _count(self.repeated_by, sender)

    def count_rejected(self, sender: str) -> None:
        """A message that became a dead letter."""
        self.rejected += 1
        _count(self.rejected_by, sender)

    def as_log(self) -> dict[str, int]:
        """By name, without senders."""
        return {name: value for name, value in asdict(self).items() if isinstance(value, int)}

    def as_metrics(self) -> dict[str, Any]:
        """By name, senders too."""
        return {**self.as_log(), "repeated_by": {**self.repeated_by}, "rejected_by": {**self.rejected_by}}


def _count(by: Counter[str], sender: str) -> None:
    """What calls itself anew with each message must not fill the memory."""
    by[sender if sender in by or len(by) < _MOST_SENDERS else _OTHERS] += 1
