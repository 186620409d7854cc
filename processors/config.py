"""What the fold worker needs to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from processors.clock_bounds import DEFAULT_BOUNDS, ClockBounds
from schemas.keyring_config import KeyRingConfig

# Written out, never derived from a module's name: they name consumer groups and topics in Kafka.
APP_ID = "radstream.fold"
TABLE_NAME = "exams"


@dataclass(frozen=True, slots=True)
class FoldConfig:
    """The fold worker: where the log is, where its table lies, and how it batches.

    batch_events, batch_bytes: so much waits or is folded at once at the most, but for the last fetch.
    batch_s: about how long a batch may take. batch_wait_s: least time between the beginnings of two flushes
    where the worker is not behind. slice_events, slice_exams: so much is done before the event loop has its
    turn. recent_states: decoded states kept from one batch to the next.
    """

    kafka_bootstrap: str
    registry_url: str
    state_directory: Path
    partitions: int
    key_ring: KeyRingConfig
    site: str
    now: Callable[[], datetime]
    worker_name: str = "fold-0"
    batch_events: int = 50_000
    batch_s: float = 2.0
    batch_bytes: int = 64 * 1024 * 1024
    slice_events: int = 500
    slice_exams: int = 100
    recent_states: int = 4_000
    batch_wait_s: float = 0.03
    flush_timeout_s: float = 20.0
    session_timeout_s: float = 10.0
    stalled_after_s: float = 30.0
    # Other workers that follow a partition's changelog, so as to take over without reading it first.
    standby_replicas: int = 1
    clock_bounds: ClockBounds = DEFAULT_BOUNDS
    # Where the worker tells what it has done, for `status`; nowhere if None.
    metrics_file: Path | None = None
    # What was mended before this start (`processors.rebuild.healing`).
    wiped: tuple[str, ...] = ()
    rebuilt: tuple[int, ...] = ()
