"""What the archive has done since it was started, in a file that `radstream status` shows."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from schemas.metrics_file import write_metrics

_WRITE_EVERY_S = 1.0


@dataclass(slots=True)
class ArchiveMetrics:
    """Counters since the start. Times of the wall clock, UTC.

    waiting: messages that were read and are in no file yet. lost: what Kafka had deleted before it was
    archived, as `topic/partition: first-last`. gaps: offsets without a message in topics that keep all, read
    twice, written likewise. faults: partitions that are not archived, with the reason.
    errors: attempts that failed and were made again.
    """

    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    events: int = 0
    files: int = 0
    bytes: int = 0
    waiting: int = 0
    seals: int = 0
    last_seal: int = 0
    last_file_at: datetime | None = None
    last_seal_at: datetime | None = None
    errors: int = 0
    lost: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    faults: dict[str, str] = field(default_factory=dict)

    def count(self, events: int, size_bytes: int) -> None:
        """One more file, with its manifest."""
        self.files += 1
        self.events += events
        self.bytes += size_bytes
        self.last_file_at = datetime.now(UTC)

    def count_seal(self, number: int) -> None:
        """One more seal."""
        self.seals += 1
        self.last_seal = number
        self.last_seal_at = datetime.now(UTC)


class MetricsFile:
    """The metrics as a file; a reader sees a whole document, never half."""

    def __init__(self, path: Path, metrics: ArchiveMetrics) -> None:
        """Writes nothing yet."""
        self._path = path
        self._metrics = metrics
        self._due_s = 0.0

    def write(self, *, now: bool = False) -> None:
        """Write, at most each second unless `now`. Where the disk does not take it, the archive goes on."""
        if time.monotonic() < self._due_s and not now:
            return
        self._due_s = time.monotonic() + _WRITE_EVERY_S
        write_metrics(self._path, asdict(self._metrics))
