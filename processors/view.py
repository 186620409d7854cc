"""What both rows of an exam are made from, worked out once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from processors.clock_bounds import DEFAULT_BOUNDS, ClockBounds
from processors.clock_faults import clock_faults
from processors.exam_state import ExamState
from processors.facts import Fact, Value
from processors.milestones import Milestones, milestones
from processors.patients import IMAGE_STEPS
from processors.standing import Standing, standing


@dataclass(frozen=True, slots=True)
class ExamView:
    """An exam with at least one fact: what stands of it, its milestones, its attributes as last said."""

    state: ExamState
    stands: Standing
    reached: Milestones
    attributes: dict[str, Value]
    # What cannot be right, with the milestones that it makes doubtful.
    faults: Mapping[str, tuple[str, ...]]
    bounds: ClockBounds

    @property
    def site(self) -> str:
        """The site as last said."""
        happened_us, facts = self.bounds.happened_us, self.state.facts
        return max((happened_us(fact), event_id, fact.site) for event_id, fact in facts.items())[2]

    @property
    def last_occurred_us(self) -> int:
        """The latest that happened, retracted or not; microseconds since the epoch."""
        return max(map(self.bounds.happened_us, self.state.facts.values()))

    def text(self, name: str) -> str | None:
        """An attribute that is text, or None."""
        value = self.attributes.get(name)
        return None if value is None else str(value)


def view_of(state: ExamState, bounds: ClockBounds = DEFAULT_BOUNDS) -> ExamView:
    """The view of `state`."""
    stands = standing(state, bounds)
    reached = milestones(stands)
    faults = clock_faults(stands, reached, bounds)
    return ExamView(state, stands, reached, latest_attributes(stands), faults, bounds)


def latest_attributes(stands: Standing) -> dict[str, Value]:
    """Each attribute as it was last said: by occurred_at, then by event_id."""
    said = [fact for _, fact in sorted(stands.own, key=lambda item: (item[1].occurred_us, item[0]))]
    reconciled = stands.reconciliation.images.values()
    latest: dict[str, Value] = {}
    for fact in (*(fact for facts in reconciled for fact in _in_order(facts)), *said):
        latest.update(fact.attributes)
    # The RIS knows which exam it is; what an image says of its modality counts only without it.
    ordered = [fact.attributes["modality"] for fact in said if _says_modality(fact)]
    if ordered:
        latest["modality"] = ordered[-1]
    return latest


def _in_order(facts: Iterable[Fact]) -> list[Fact]:
    return sorted(facts, key=Fact.order)


def _says_modality(fact: Fact) -> bool:
    return fact.step not in IMAGE_STEPS and "modality" in fact.attributes
