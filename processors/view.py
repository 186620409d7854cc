"""What both rows of an exam are made from, worked out once. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter

from processors.clock_bounds import DEFAULT_BOUNDS, ClockBounds
from processors.clock_faults import clock_faults
from processors.exam_state import ExamState
from processors.facts import Fact, Value
from processors.milestones import Milestones, milestones
from processors.patients import IMAGE_STEPS
from processors.remarks import Remarks, remarks
from processors.standing import Standing, standing

_SAID = attrgetter("occurred_us", "event_id")
_RECORDED = attrgetter("recorded_us")


@dataclass(slots=True)
class ExamView:
    """An exam with at least one fact: what stands of it, its milestones, its attributes as last said.

    faults: what cannot be right, with the milestones that it makes doubtful. noted: what else is said.
    site: as last said.
    last_occurred_us, last_recorded_us: the latest, retracted or not; microseconds since the epoch.
    """

    state: ExamState
    stands: Standing
    reached: Milestones
    attributes: dict[str, Value]
    faults: Mapping[str, tuple[str, ...]]
    noted: Remarks
    site: str
    last_occurred_us: int
    last_recorded_us: int

    def text(self, name: str) -> str | None:
        """An attribute that is text, or None."""
        value = self.attributes.get(name)
        return None if value is None else str(value)


def view_of(state: ExamState, bounds: ClockBounds = DEFAULT_BOUNDS) -> ExamView:
    """The view of `state`."""
    stands = standing(state, bounds)
    reached = milestones(stands)
    facts = state.facts.values()
    last = max(bounds.believed(facts), key=_SAID)
    return ExamView(
        state,
        stands,
        reached,
        latest_attributes(stands),
        clock_faults(stands, reached, bounds),
        remarks(stands.own),
        last.site,
        last.occurred_us,
        max(map(_RECORDED, facts)),
    )


def latest_attributes(stands: Standing) -> dict[str, Value]:
    """Each attribute as it was last said: by occurred_at, then by event_id."""
    latest: dict[str, Value] = {}
    for facts in stands.reconciliation.images.values():
        for fact in sorted(facts, key=Fact.order):
            latest.update(fact.attributes)
    for fact in stands.own.said:
        latest.update(fact.attributes)
    # The RIS knows which exam it is; what an image says of its modality counts only without it.
    ordered = (fact.attributes["modality"] for fact in reversed(stands.own.said) if _says_modality(fact))
    latest.update(("modality", modality) for modality in islice(ordered, 1))
    return latest


def _says_modality(fact: Fact) -> bool:
    return fact.step not in IMAGE_STEPS and "modality" in fact.attributes
