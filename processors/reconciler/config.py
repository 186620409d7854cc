"""What the reconciler needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from schemas.topics import EVENTS, WORKLIST

# Written out: it names the committed offsets in Kafka.
GROUP_ID = "radstream.reconciler"
CONSUMED_TOPICS = (EVENTS, WORKLIST)


@dataclass(frozen=True, slots=True)
class ReconcilerConfig:
    """Where the log is, and where the index lies.

    batch_messages: at most so many messages are worked on between two commits.
    poll_s: how long to wait for the next message; a stop is noticed as late as this.
    """

    kafka_bootstrap: str
    registry_url: str
    state_directory: Path
    batch_messages: int = 1_000
    poll_s: float = 0.25
