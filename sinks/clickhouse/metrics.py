"""What the sink did so far."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(slots=True)
class SinkMetrics:
    """Counted since the start; written by the sink's one thread, readable from any.

    rows: Rows that ClickHouse acknowledged, by table.
    batches: Batches whose offsets were handed to Kafka.
    dead_letters: Messages that could not become rows.
    errors: Attempts that failed and were made again.
    lag: Messages between the last committed and the end of the log, by topic, as last seen.
    last_insert_ms: How long the last insert took.
    """

    rows: dict[str, int] = field(default_factory=dict)
    batches: int = 0
    dead_letters: int = 0
    errors: int = 0
    lag: dict[str, int] = field(default_factory=dict)
    last_insert_ms: float = 0.0

    def count_rows(self, table: str, count: int) -> None:
        """Add `count` rows of `table`."""
        self.rows[table] = self.rows.get(table, 0) + count

    def snapshot(self) -> dict[str, Any]:
        """The figures as a dictionary."""
        return asdict(self)
