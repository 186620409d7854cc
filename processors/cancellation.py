"""What takes milestones back: an exam that was cancelled, or goes on after all, a withdrawn report. Pure.

By when it happened; of what happened at one instant, by when it was recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from processors.facts import Fact
from processors.own_facts import Own, When, when

_DISCONTINUED, _COMPLETED = "AcquisitionDiscontinued", "AcquisitionCompleted"
CANCELS = frozenset({"OrderCancelled", "OrderReplaced", _DISCONTINUED})
_ACQUISITION = frozenset({"AcquisitionStarted", _COMPLETED})
# Whoever does one of these with a cancelled exam means that it takes place.
GOES_ON = _ACQUISITION | {
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
WITHDRAWN_WITH: Mapping[str, frozenset[str]] = {
    "ReportCancelled": frozenset({"dictated", "preliminary", "final", "corrected"}),
    "AppointmentCancelled": frozenset({"scheduled"}),
}
_TAKING_BACK = CANCELS | WITHDRAWN_WITH.keys()


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


_NOTHING = TakenBack()


def taken_back(own: Own) -> TakenBack:
    """What the exam's own facts take back of each other."""
    by_step = own.by_step
    if _TAKING_BACK.isdisjoint(by_step):
        return _NOTHING
    not_after: dict[str, When] = {}
    for step in WITHDRAWN_WITH.keys() & by_step.keys():
        last = when(by_step[step][-1])
        not_after.update((milestone, last) for milestone in WITHDRAWN_WITH[step])
    ends = [when(by_step[step][-1]) for step in CANCELS & by_step.keys()]
    return _of_attempts(own, max(ends), not_after) if ends else TakenBack(None, not_after)


def _of_attempts(own: Own, last: When, not_after: Mapping[str, When]) -> TakenBack:
    """The same, where the exam was cancelled or broken off, for the last time at `last`."""
    going_on = [fact for step in GOES_ON & own.by_step.keys() for fact in own.by_step[step]]
    again = min(((when(fact), fact.step) for fact in going_on if when(fact) > last), default=None)
    if again is None:
        return TakenBack(_cancelled_us(own), not_after)
    if any(when(fact) <= last for fact in own.of(_COMPLETED)):
        return TakenBack(None, not_after)  # the attempt before came to something
    forgotten, limit = _forgotten(again, last)
    return TakenBack(None, {**not_after, **{m: max(limit, not_after.get(m, limit)) for m in forgotten}})


def _cancelled_us(own: Own) -> int | None:
    """When the exam was cancelled or broken off: what was completed is read, whatever came of the next."""
    cancels = CANCELS - {_DISCONTINUED} if _COMPLETED in own.by_step else CANCELS
    return min((own.by_step[step][0].occurred_us for step in cancels & own.by_step.keys()), default=None)


def _forgotten(again: tuple[When, str], last: When) -> tuple[Iterable[str], When]:
    """Which milestones a new attempt makes void, and up to when; a next step of the visit only the start."""
    at, step = again
    if step in _ACQUISITION:
        return ({"started"} if step != _COMPLETED else ()), last
    return _OF_ONE_ATTEMPT, (at[0], at[1] - 1)
