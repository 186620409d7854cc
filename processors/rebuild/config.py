"""What a rebuild needs to know, and what can be wrong with it.

RebuildFailed
├── LogNotWhole     the log does not begin at its beginning
├── WorkersAtWork   the fold's workers have to stop first
└── TopicGone       a topic is not there, or gives no message that it has
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from processors.clock_bounds import DEFAULT_BOUNDS, ClockBounds
from processors.views import VIEWS
from schemas.topics import FOLD_CHANGELOG

TOPIC_OF_VIEW = {view.name: view.topic for view in VIEWS}
# What the fold writes of an exam: its state, and its rows.
WRITTEN = (FOLD_CHANGELOG, *TOPIC_OF_VIEW.values())


@dataclass(frozen=True, slots=True)
class RebuildConfig:
    """Where the log is, and where states may lie while they are made: a directory of its own, removed after.

    keep: what was folded stays in the directory, and is gone on from. batch_events: so many are in memory at
    once. session_timeout_s: that of the fold's workers.
    """

    kafka_bootstrap: str
    directory: Path
    keep: bool = False
    clock_bounds: ClockBounds = DEFAULT_BOUNDS
    batch_events: int = 10_000
    session_timeout_s: float = 10.0


class RebuildFailed(Exception):
    """It could not be done; the message says why, and what to do. What was written stays right."""


class LogNotWhole(RebuildFailed):
    """The beginning of the log is gone: what is made from the rest would lose what it told."""


class WorkersAtWork(RebuildFailed):
    """A worker of the fold writes what a rebuild would have to write."""


class TopicGone(RebuildFailed):
    """Kafka does not give what stands in a topic."""
