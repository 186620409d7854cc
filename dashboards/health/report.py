"""What is known of the pipeline's health at one moment. How to find it out is handed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PartHealth:
    """One process of the stack.

    state: starting, ready, died, stopped or failed, as the supervisor has it; gone where its process is not.
    since: When its process was made, or when it ended, UTC; None where unknown.
    does: What it is for. without: What follows while it is away. next_step: What to do; empty where there is
        nothing to do.
    """

    part: str
    state: str
    pid: int | None
    ports: tuple[int, ...]
    restarts: int
    since: datetime | None
    does: str
    without: str
    next_step: str

    @property
    def serves(self) -> bool:
        """Whether it does its work; one that ended because it was done is no fault."""
        return self.state in ("ready", "stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class PartitionLag:
    """How far a consumer group is in one partition.

    committed: None where it never said. waiting_s: For how long the oldest message that it has yet to process
    has been there, as far as we have watched: at least so long. patience_s: So long is its usual way; beyond,
    it is behind.
    """

    part: str
    group: str
    topic: str
    partition: int
    committed: int | None
    end: int
    lag: int
    waiting_s: float
    patience_s: float

    @property
    def is_behind(self) -> bool:
        """Whether somebody ought to look."""
        return self.waiting_s > self.patience_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How often something happens.

    per_s: Over the last half minute; None before there are two looks. total: Since the count began.
    series: Per second, by look, the latest last; None where it could not be told.
    """

    name: str
    label: str
    meaning: str
    per_s: float | None
    total: int
    series: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something that happened to a part: of the supervisor's journal, or said by the part itself.

    level: critical, warning or info. times: How often in a row. at: The last time, UTC.
    """

    at: datetime
    part: str
    kind: str
    level: str
    meaning: str
    next_step: str
    detail: str
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """What the HL7 listener saw of one sender since it was started: repeated, and refused."""

    sender: str
    repeated: int
    rejected: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastHealth:
    """What the forecasts say of themselves.

    version: Of the model that forecasts, `baseline` where the medians do, None where nothing can be forecast.
    wrong: What somebody ought to know, as sentences; empty where nothing is. next_step: What to do about it.
    is_drifted: Whether the last week is unlike what the model learned from; None where that is not judged.
    exams_forecast: How often an exam was forecast since the start. ms_per_exam: What that cost of the
    processor, each time, which is what an event of an exam costs; None before the first.
    """

    version: str | None
    wrong: tuple[str, ...]
    next_step: str
    is_drifted: bool | None
    exams_forecast: int
    cpu_s: float
    ms_per_exam: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """All of it.

    looked_at: When, by the wall clock, UTC. every_s: How often it is looked.
    is_supervised: Whether a supervisor of ours runs the parts on this machine; else `parts` is empty.
    kafka_fault: Why Kafka could not be asked; lag and rates are then those of the last time.
    forecasts: None where they have said nothing of themselves.
    """

    looked_at: datetime
    every_s: float
    is_supervised: bool
    kafka_fault: str | None
    parts: tuple[PartHealth, ...]
    lag: tuple[PartitionLag, ...]
    rates: tuple[Rate, ...]
    notices: tuple[Notice, ...]
    senders: tuple[Sender, ...]
    forecasts: ForecastHealth | None = None


class HealthUnknown(Exception):
    """Nothing was seen yet. The text says why."""


AskHealth = Callable[[], HealthReport]
"""May wait for the first look. For any thread. Raises HealthUnknown."""
