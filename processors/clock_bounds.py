"""How far from its recording an event can have happened: beyond that, a clock is wrong. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from processors.facts import Fact
from schemas.intervals import CLOCK_BOUND_S

_SECOND_US = 1_000_000
_DAY_US = 86_400 * _SECOND_US
# A clock that lost its battery tells of 1970, 1980 or 2000; an archive that is taken over, of the last years.
BEHIND_DAYS = 7_305


@dataclass(frozen=True, slots=True)
class ClockBounds:
    """An event may have happened `ahead_us` after it was recorded, and `behind_us` before, at most."""

    ahead_us: int = CLOCK_BOUND_S * _SECOND_US
    behind_us: int = BEHIND_DAYS * _DAY_US

    @classmethod
    def of(cls, ahead_s: float, behind_days: float) -> ClockBounds:
        """The same, in the units of the settings."""
        return cls(int(ahead_s * _SECOND_US), int(behind_days * _DAY_US))

    def fault(self, fact: Fact) -> str | None:
        """`>` where `fact` happened too far after its recording, `<<` too far before; None where neither."""
        ahead_us = fact.occurred_us - fact.recorded_us
        if ahead_us > self.ahead_us:
            return ">"
        return "<<" if -ahead_us > self.behind_us else None

    def misdated(self, facts: Collection[Fact]) -> list[Fact]:
        """Those of `facts` that have a fault."""
        least_us, most_us = -self.behind_us, self.ahead_us
        return [fact for fact in facts if not least_us <= fact.occurred_us - fact.recorded_us <= most_us]

    def believed(self, facts: Collection[Fact]) -> Collection[Fact]:
        """`facts`, each at the time at which it can have happened: else when we learned of it."""
        if not self.misdated(facts):
            return facts
        return [
            fact if self.fault(fact) is None else replace(fact, occurred_us=fact.recorded_us)
            for fact in facts
        ]


DEFAULT_BOUNDS = ClockBounds()
