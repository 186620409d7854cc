"""Many letters driven one after the other, while whoever asked watches how far it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from uuid import uuid4

from dashboards.cards import Json
from dashboards.dead_letters.desk import Outcome

# As many results as are read; all are counted.
_MOST_TOLD = 200


@dataclass(slots=True)
class BulkRun:
    """One run. Times of the wall clock, UTC.

    action: retry or dismiss. by: Who asked. stopped: Why it ended before the last letter; None where it did
        not.
    """

    action: str
    by: str
    letter_ids: Sequence[str]
    run_id: str = field(default_factory=lambda: str(uuid4()))
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime | None = None
    stopped: str | None = None
    taken: int = 0
    refused: int = 0
    results: list[Outcome] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        """Count what came of one letter; of many, those that were not taken are told first."""
        self.taken += outcome.taken
        self.refused += not outcome.taken
        self.results.append(outcome)

    def end(self, stopped: str | None = None) -> None:
        """It goes no further."""
        self.ended_at = datetime.now(UTC)
        self.stopped = stopped

    def reading(self) -> Json:
        """How far it is."""
        refused_first = sorted(self.results, key=lambda one: one.taken)
        return {
            "run_id": self.run_id,
            "action": self.action,
            "by": self.by,
            "state": "running" if self.ended_at is None else "stopped" if self.stopped else "finished",
            "started_at": self.started_at,
            "ended_at": self.ended_at,
            "stopped": self.stopped,
            "total": len(self.letter_ids),
            "taken": self.taken,
            "refused": self.refused,
            "results": [{**asdict(one), "taken": one.taken} for one in refused_first[:_MOST_TOLD]],
        }
