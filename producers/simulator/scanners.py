"""Scanners: equal units with one queue before them, urgent patients first; units break down. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Callable

from producers.simulator.drafting import Draft
from producers.simulator.draws import Draws
from producers.simulator.modality import Modality

_HOUR_S = 3600
DrawsOf = Callable[[str, int], Draws]


class Scanners:
    """The scanners of one modality."""

    def __init__(self, modality: Modality, draws_of: DrawsOf) -> None:
        """`draws_of`: by purpose and number."""
        self._free = list(range(1, modality.scanners + 1))
        self._waiting: list[tuple[int, int, int, Draft]] = []
        self._breakdowns = modality.breakdowns
        self._draws = {
            unit: draws_of(f"breakdown {modality.code}{unit}", 0)
            for unit in self._free
            if modality.breakdowns is not None
        }
        self._broken: dict[int, int] = {}

    def join(self, draft: Draft, now_s: int) -> None:
        """One more is ready to be scanned."""
        heapq.heappush(self._waiting, (draft.urgency, now_s, draft.index, draft))

    def release(self, unit: int) -> int | None:
        """`unit` could take the next one; if it broke down in the meantime, how long its repair takes."""
        repair_s = self._broken.pop(unit, None)
        if repair_s is None:
            heapq.heappush(self._free, unit)
        return repair_s

    def next_served(self) -> tuple[Draft, int] | None:
        """Who goes on which unit now."""
        if not self._free or not self._waiting:
            return None
        return heapq.heappop(self._waiting)[3], heapq.heappop(self._free)

    def until_breakdown(self) -> dict[int, int]:
        """By unit the seconds until it breaks down for the first time."""
        return {unit: self.next_breakdown_s(unit) for unit in self._draws}

    def next_breakdown_s(self, unit: int) -> int:
        """Seconds from now until `unit` breaks down."""
        if self._breakdowns is None:
            raise ValueError(f"unit {unit} never breaks down")
        return 1 + round(self._draws[unit].exponential() * self._breakdowns.mean_h_between * _HOUR_S)

    def break_down(self, unit: int) -> int | None:
        """`unit` is broken; how long its repair takes, or None where it ends its exam before that."""
        if self._breakdowns is None:
            raise ValueError(f"unit {unit} never breaks down")
        repair_s = 1 + round(self._draws[unit].duration_s(self._breakdowns.repair))
        if unit not in self._free:
            self._broken[unit] = repair_s
            return None
        self._free.remove(unit)
        heapq.heapify(self._free)
        return repair_s
