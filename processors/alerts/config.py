"""What the alerts need to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class AlertsConfig:
    """Where the log is, where the targets are declared, and by whose clock intervals are measured.

    now: the department's clock, UTC. clock_speed: department seconds per second of the wall clock.
    targets_file: looked at every `look_every_s` seconds of the wall clock.
    await_fold_s: how long a start waits for a fold that is behind, before it says anything.
    keep_s: an alert leaves its topic so long after it was closed, or else due.
    batch_messages: at most so many rows are worked on before what follows from them is said.
    poll_s: how long to wait for the next row at most; a stop is noticed as late as this.
    """

    kafka_bootstrap: str
    registry_url: str
    site: str
    targets_file: Path
    now: Callable[[], datetime]
    clock_speed: float = 1.0
    look_every_s: float = 1.0
    await_fold_s: float = 120.0
    keep_s: float = 30 * 86_400.0
    batch_messages: int = 1_000
    poll_s: float = 0.25
