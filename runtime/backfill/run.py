"""Loads a synthetic history and waits until every view has it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from producers.history.manifest import Manifest
from runtime.backfill.catching_up import PATIENCE_S, wait_until_caught_up
from runtime.backfill.choosing import Choice, choose
from runtime.backfill.synthetic import load
from runtime.department_time import simulated_clock
from runtime.installation import Installation

Tell = Callable[[str, int, int], None]
"""What is being done, how much of it is done, and how much there is."""


@dataclass(frozen=True, slots=True)
class HistorySummary:
    """What was loaded. `resumed_exams`: those that an earlier, interrupted load had published already."""

    exams: int
    events: int
    begins_at: datetime
    ends_at: datetime
    growth: float
    resumed_exams: int
    published_s: float
    caught_up_s: float

    @property
    def seconds(self) -> float:
        """All of it."""
        return self.published_s + self.caught_up_s


class HistoryRun:
    """One load of what `choice` says: chosen before the pipeline starts, or else when it is up."""

    def __init__(self, choice: Choice) -> None:
        self._choice = choice
        self._chosen: Manifest | None = None

    def clock(self, installation: Installation) -> str | None:
        """The clock of a pipeline that is started to load it. Raises as `choose` and simulated_clock do."""
        self._chosen = choose(installation, self._choice)
        return simulated_clock(installation, self._chosen)

    def load(self, installation: Installation, tell: Tell) -> HistorySummary:
        """Load it into a pipeline that is up. Raises as `choose`, `load` and the waiting do."""
        return _loaded(installation, self._chosen or choose(installation, self._choice), tell)


def _loaded(installation: Installation, manifest: Manifest, tell: Tell) -> HistorySummary:
    began_s = time.monotonic()
    expected = manifest.history.expected_exams()
    loaded = load(installation, manifest, lambda so_far: tell("exams published", so_far.exams, expected))
    tell("exams published", loaded.exams, loaded.exams)
    published_s = time.monotonic()
    wait_until_caught_up(installation.kafka_bootstrap, PATIENCE_S, tell)
    return _summary(manifest, loaded, published_s - began_s, time.monotonic() - published_s)


def _summary(began: Manifest, loaded: Manifest, published_s: float, caught_up_s: float) -> HistorySummary:
    history = loaded.history
    return HistorySummary(
        exams=loaded.exams,
        events=loaded.events,
        begins_at=history.begins_at,
        ends_at=history.ends_at,
        growth=round(loaded.growth, 4),
        resumed_exams=began.exams,
        published_s=round(published_s, 1),
        caught_up_s=round(caught_up_s, 1),
    )
