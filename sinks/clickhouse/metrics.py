"""What the sink did so far."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(slots=True)
class SinkMetrics:
    """Counted since the start; each figure is written by one thread of the sink, and readable from any.

    rows: Rows that ClickHouse acknowledged, by table.
    batches: Batches whose offsets were handed to Kafka; messages: those in them.
    last_batch_messages, largest_batch_messages: How many one of them held.
    last_batch_at: When the last one was, UTC.
    dead_letters: Messages that could not become rows.
    errors: Attempts that failed and were made again.
    last_error, last_error_at: What the last of them said, without any value of a row, and when, UTC.
    lag: Messages between the last committed and the end of the log, by topic, as last seen.
    last_insert_ms: How long the last insert took; last_insert_rows: of how many rows.
    """

    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    rows: dict[str, int] = field(default_factory=dict)
    batches: int = 0
    messages: int = 0
    last_batch_messages: int = 0
    largest_batch_messages: int = 0
    last_batch_at: datetime | None = None
    dead_letters: int = 0
    errors: int = 0
    last_error: str | None = None
    last_error_at: datetime | None = None
    lag: dict[str, int] = field(default_factory=dict)
    last_insert_ms: float = 0.0
    last_insert_rows: int = 0

    def record_batch(self, messages: int) -> None:
        """Count a batch whose offsets were handed to Kafka."""
        self.batches += 1
        self.messages += messages
        self.last_batch_messages = messages
        self.largest_batch_messages = max(self.largest_batch_messages, messages)
        self.last_batch_at = datetime.now(UTC)

    def record_insert(self, rows: int, took_ms: float) -> None:
        """Note an insert that ClickHouse acknowledged."""
        self.last_insert_rows, self.last_insert_ms = rows, round(took_ms, 1)

    def record_delivery(self, rows: dict[str, int], dead_letters: int) -> None:
        """Count what a batch became: rows by table, and dead letters."""
        self.rows = {table: self.rows.get(table, 0) + rows.get(table, 0) for table in {**self.rows, **rows}}
        self.dead_letters += dead_letters

    def record_error(self, said: str) -> None:
        """Count an attempt that failed."""
        self.errors += 1
        self.last_error, self.last_error_at = said, datetime.now(UTC)

    def snapshot(self) -> dict[str, Any]:
        """The figures as a dictionary."""
        return asdict(self)
