"""The track record of the model in use, on days that it did not learn from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

Counts = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A version, and what became of its forecasts. Times are UTC, days the department's, both included.

    why_in_use: as training or who promoted it said. without_model: why there is no model of a milestone, by
    its name. drift: in sentences how the last week is unlike what it learned from; drift_verdict: None where
    that was not judged yet. days, tenths, warnings: rows of schemas.forecast_record, by column.
    """

    version: str
    made_at: datetime
    why_in_use: str
    data_from: datetime
    data_until: datetime
    exams: int
    without_model: Mapping[str, str] = field(default_factory=dict)
    drift_verdict: str | None = None
    drift: Sequence[str] = ()
    drift_at: datetime | None = None
    first_day: date | None = None
    last_day: date | None = None
    days: Sequence[Counts] = ()
    tenths: Sequence[Counts] = ()
    warnings: Sequence[Counts] = ()

    @property
    def is_kept(self) -> bool:
        """Whether what became of its forecasts was kept: not by versions of older radstreams."""
        return bool(self.days)


@dataclass(frozen=True, slots=True)
class NoModel:
    """Why there is no such record, and what can be done; both are sentences."""

    why: str
    next_step: str


AskHeldOut = Callable[[], HeldOut | NoModel]
"""Who knows what is in use. It may take seconds, so it is asked in a thread; raises nothing."""
