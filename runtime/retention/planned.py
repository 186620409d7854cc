"""What a rule would take, and what it took."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runtime.retention.rules import Rule


@dataclass(slots=True, kw_only=True)
class Planned:
    """items: objects, rows, messages or files that are older than `before` and may go; oldest: the oldest of
    them. bytes: of them, 0 where that cannot be said. held: that stay because of a legal hold. locked: that
    stay because of an object lock. notes: what else is to be known.
    """

    rule: Rule
    place: str
    before: datetime
    items: int = 0
    bytes: int = 0
    oldest: datetime | None = None
    held: int = 0
    locked: int = 0
    notes: list[str] = field(default_factory=list)

    def body(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "rule": self.rule.name,
            "store": self.rule.store,
            "place": self.place,
            "before": self.before,
            "items": self.items,
            "bytes": self.bytes,
            "oldest": self.oldest,
            "held": self.held,
            "locked": self.locked,
            "notes": self.notes,
        }

    def see(self, at: datetime, size: int) -> None:
        """One more that may go."""
        self.items += 1
        self.bytes += size
        self.oldest = at if self.oldest is None else min(self.oldest, at)
