"""What takes milestones back: an exam that was cancelled, or goes on after all, a withdrawn report. Pure.

By when it happened; of what happened at one instant, by when it was recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from processors.facts import Fact
from processors.patients import Said

When = tuple[int, int]

_DISCONTINUED, _COMPLETED = "AcquisitionDiscontinued", "AcquisitionCompleted"
_CANCELS = frozenset({"OrderCancelled", "OrderReplaced", _DISCONTINUED})
_ACQUISITION = frozenset({"AcquisitionStarted", _COMPLETED})
# Whoever does one of these with a cancelled exam means that it takes place.
_GOES_ON = _ACQUISITION | {
    "OrderPlaced",
    "OrderReleased",
    "ExamScheduled",
    "ExamRescheduled",
    "PatientArrived",
}
# Milestones of an attempt that came to nothing, once there is another.
_OF_ONE_ATTEMPT = frozenset(
    {
        "scheduled",
        "arrived",
        "prepared",
        "entered_room",
        "left_room",
        "started",
        "first_acquired",
        "completed",
        "first_image",
        "stored",
        "study_stored",
    }
)
_WITHDRAWN_WITH: Mapping[str, frozenset[str]] = {
    "ReportCancelled": frozenset({"dictated", "preliminary", "final", "corrected"}),
    "AppointmentCancelled": frozenset({"scheduled"}),
}


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What no longer counts.

    cancelled_us: since when the exam is cancelled; None while it takes place. not_after: milestones that were
    taken back, with the last instant at which saying them was in vain.
    """

    cancelled_us: int | None = None
    not_after: Mapping[str, When] = field(default_factory=dict)

    def counts(self, milestone: str, fact: Fact) -> bool:
        """Whether `fact` still is a reason for `milestone`."""
        limit = self.not_after.get(milestone)
        return limit is None or when(fact) > limit


def when(fact: Fact) -> When:
    """What facts are ordered by here."""
    return fact.occurred_us, fact.recorded_us


def taken_back(own: Collection[Said]) -> TakenBack:
    """What the exam's own facts take back of each other."""
    not_after: dict[str, When] = {}
    for _, fact in own:
        for milestone in _WITHDRAWN_WITH.get(fact.step, ()):
            not_after[milestone] = max(when(fact), not_after.get(milestone, when(fact)))
    ends = [when(fact) for _, fact in own if fact.step in _CANCELS]
    if not ends:
        return TakenBack(None, not_after)
    last = max(ends)
    again = min(((when(f), f.step) for _, f in own if f.step in _GOES_ON and when(f) > last), default=None)
    if again is None:
        return TakenBack(_cancelled_us(own), not_after)
    if any(fact.step == _COMPLETED and when(fact) <= last for _, fact in own):
        return TakenBack(None, not_after)  # the attempt before came to something
    forgotten, limit = _forgotten(again, last)
    return TakenBack(None, {**not_after, **{m: max(limit, not_after.get(m, limit)) for m in forgotten}})


def _cancelled_us(own: Iterable[Said]) -> int | None:
    """When the exam was cancelled or broken off: what was completed is read, whatever came of the next."""
    steps = {fact.step for _, fact in own}
    cancels = _CANCELS - {_DISCONTINUED} if _COMPLETED in steps else _CANCELS
    return min((fact.occurred_us for _, fact in own if fact.step in cancels), default=None)


def _forgotten(again: tuple[When, str], last: When) -> tuple[Iterable[str], When]:
    """Which milestones a new attempt makes void, and up to when; a next step of the visit only the start."""
    at, step = again
    if step in _ACQUISITION:
        return ({"started"} if step != _COMPLETED else ()), last
    return _OF_ONE_ATTEMPT, (at[0], at[1] - 1)
