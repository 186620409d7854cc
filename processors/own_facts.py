"""An exam's own facts, none taken back, in the two orders that views ask for, and by step. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from processors.facts import Fact

When = tuple[int, int]

_SAID = attrgetter("occurred_us", "event_id")
_NONE: Sequence[Fact] = ()


def when(fact: Fact) -> When:
    """When it happened; of what happened at one instant, when it was recorded."""
    return fact.occurred_us, fact.recorded_us


_WHEN = attrgetter("occurred_us", "recorded_us")


class Own:
    """Sorted once for all who ask.

    said: by occurred_at, then by event_id: the order in which the last to say something is right.
    happened: by `when`, then by event_id. by_step: the same, by what happened; each has at least one.
    """

    __slots__ = ("by_step", "happened", "said")

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.said: Sequence[Fact] = sorted(facts, key=_SAID)
        # A sort keeps the order of equals: by event_id.
        self.happened: Sequence[Fact] = sorted(self.said, key=_WHEN)
        by_step: dict[str, list[Fact]] = {}
        for fact in self.happened:
            if fact.step in by_step:
                by_step[fact.step].append(fact)
            else:
                by_step[fact.step] = [fact]
        self.by_step: Mapping[str, Sequence[Fact]] = by_step

    def of(self, step: str) -> Sequence[Fact]:
        """The facts that `step` stated."""
        return self.by_step.get(step, _NONE)

    def among(self, steps: frozenset[str]) -> Sequence[Fact]:
        """The facts that one of `steps` stated."""
        return _NONE if steps.isdisjoint(self.by_step) else [f for f in self.happened if f.step in steps]
