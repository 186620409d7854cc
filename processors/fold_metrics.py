"""What one fold worker has done since it was started, in a file that `radstream status` shows."""

from __future__ import annotations

import threading
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from processors.fold import Folded
from schemas.metrics_file import write_metrics

_WRITE_EVERY_S = 1.0


@dataclass(slots=True)
class FoldMetrics:
    """Counters since the start, and what had to be mended then. Times of the wall clock, UTC.

    rejected: messages that became dead letters. unreadable: states that could not be read. wiped: local
    stores that were thrown away, with the reason. rebuilt: partitions whose states were made anew.
    """

    worker: str
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    last_batch_at: datetime | None = None
    batches: int = 0
    events: int = 0
    last_batch_events: int = 0
    largest_batch_events: int = 0
    exams_published: int = 0
    rejected: int = 0
    unreadable: int = 0
    unknown_events: int = 0
    wiped: list[str] = field(default_factory=list)
    rebuilt: list[int] = field(default_factory=list)

    def record_batch(self, events: int, folded: Folded) -> None:
        """Count a batch that Kafka has acknowledged."""
        self.last_batch_at = datetime.now(UTC)
        self.batches += 1
        self.events += events
        self.last_batch_events = events
        self.largest_batch_events = max(self.largest_batch_events, events)
        self.exams_published += len(folded.states)
        self.rejected += len(folded.rejected)
        self.unreadable += len(folded.unreadable)
        self.unknown_events += folded.unknown_events


class MetricsFile:
    """Writes the metrics every second while something changed; a reader sees a whole document, never half."""

    def __init__(self, path: Path, metrics: FoldMetrics) -> None:
        """Nothing is written before `start`."""
        self._path = path
        self._metrics = metrics
        self._written: dict[str, Any] = {}

    def start(self) -> None:
        """Write from now on, from a daemon thread."""
        self.write()
        threading.Thread(target=self._write_for_ever, daemon=True, name="fold metrics").start()

    def write(self) -> None:
        """Write now. Where the disk does not take it, the fold goes on."""
        figures = asdict(self._metrics)
        if figures != self._written:
            write_metrics(self._path, figures)
            self._written = figures

    def _write_for_ever(self) -> None:
        wait = threading.Event()
        while not wait.wait(_WRITE_EVERY_S):
            self.write()
