"""What each event of an exam changed of what was known. The fold is another room's: it is handed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from schemas.parts import SealedPhi
from schemas.views import WorklistRow


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """One event as the analytics store has it: its envelope, and its own fields as JSON.

    phi: Sealed as it came; None where nobody asked for it.
    """

    event_id: str
    event_type: str
    exam_id: str
    occurred_at: datetime
    recorded_at: datetime
    site: str
    patient_key: str | None
    corrects: str | None
    fields: Mapping[str, Any]
    phi: SealedPhi | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One field of the exam's row, before and after an event; None where it was, or is, not known."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Effect:
    """What one event did when it became known. measured: the intervals that it ended or changed."""

    changes: tuple[Change, ...] = ()
    measured: tuple[str, ...] = ()


Explain = Callable[[Sequence[LoggedEvent]], Mapping[str, Effect]]
"""The effect of each event by event_id, in the order in which they were recorded."""

TargetsOf = Callable[[WorklistRow], Mapping[str, timedelta]]
"""How long each interval of this exam may take, by its name; without those that have no target."""
