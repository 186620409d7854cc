"""Clocks that cannot be right: milestones that contradict each other, or their own recording. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from processors.clock_bounds import ClockBounds
from processors.milestones import MILESTONE_OF_STEP, Milestones
from processors.standing import Standing
from schemas.intervals import CLOCK_BOUND_S, ORDERED_PAIRS

_BOUND_US = CLOCK_BOUND_S * 1_000_000


def clock_faults(stands: Standing, reached: Milestones, bounds: ClockBounds) -> dict[str, tuple[str, ...]]:
    """Each fault, with the milestones that it makes doubtful.

    `final<completed`: said to be before; `arrived>recorded`: after we knew of it; `arrived<<recorded`: too
    long before.
    """
    found = dict(_contradictions(reached))
    found.update(_misdated(stands, reached, bounds))
    return dict(sorted(found.items())) if len(found) > 1 else found


def _contradictions(reached: Milestones) -> Iterator[tuple[str, tuple[str, ...]]]:
    for earlier, later in ORDERED_PAIRS:
        if earlier not in reached or later not in reached:
            continue
        if reached[earlier].first_us - reached[later].first_us > _BOUND_US:
            yield f"{later}<{earlier}", (earlier, later)  # nobody knows which of the two is wrong


def _misdated(
    stands: Standing, reached: Milestones, bounds: ClockBounds
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for fact in stands.misdated:
        name = MILESTONE_OF_STEP.get(fact.step, "")
        if name in reached and fact.recorded_us in reached[name]:
            yield f"{name}{bounds.fault(fact)}recorded", (name,)
