"""Clocks that cannot be right: milestones that contradict each other, or that were said too early. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from processors.milestones import MILESTONE_OF_STEP, Milestones
from processors.standing import Standing
from schemas.intervals import CLOCK_BOUND_S, ORDERED_PAIRS

_BOUND_US = CLOCK_BOUND_S * 1_000_000


def clock_faults(stands: Standing, reached: Milestones) -> dict[str, tuple[str, ...]]:
    """Each fault, as `final<completed` or `arrived>recorded`, with the milestones that it makes doubtful."""
    return dict(sorted((*_contradictions(reached), *_ahead(stands, reached))))


def _contradictions(reached: Milestones) -> Iterator[tuple[str, tuple[str, ...]]]:
    for earlier, later in ORDERED_PAIRS:
        if earlier not in reached or later not in reached:
            continue
        if reached[earlier].first_us - reached[later].first_us > _BOUND_US:
            yield f"{later}<{earlier}", (earlier, later)  # nobody knows which of the two is wrong


def _ahead(stands: Standing, reached: Milestones) -> Iterator[tuple[str, tuple[str, ...]]]:
    for _, fact in stands.own:
        if fact.occurred_us - fact.recorded_us > _BOUND_US:
            name = MILESTONE_OF_STEP.get(fact.step, "")
            if name in reached and fact.occurred_us in reached[name]:
                yield f"{name}>recorded", (name,)
