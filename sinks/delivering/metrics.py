"""What the deliveries to one destination came to."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(slots=True)
class OutboundMetrics:
    """Counted since the start.

    delivered: What was taken. attempts: What was sent, answered or not. dead_letters: Given up.
    unreachable: Attempts to connect that failed. not_sent: Of patients that were erased.
    pending: Deliveries that have not come to an end. lag: Messages of the log yet to be read.
    """

    delivered: int = 0
    attempts: int = 0
    dead_letters: int = 0
    unreachable: int = 0
    not_sent: int = 0
    pending: int = 0
    lag: int = 0

    def snapshot(self) -> dict[str, Any]:
        """The figures as a dictionary."""
        return asdict(self)
