"""Decoded states of the exams that were folded last: most exams have their next event soon.

A state is lent to a flush and given back when the flush is through. What a flush that failed had in hand is
forgotten, and all of it when a rebalance begins: then the store has the last word.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping

from processors.exam_state import ExamState
from processors.fold import LogRecord

Slot = tuple[int, bytes]


class RecentStates:
    """At most `capacity` states, the least recently folded forgotten first."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._rebalances = -1
        self._states: OrderedDict[Slot, ExamState] = OrderedDict()

    def __len__(self) -> int:
        """How many are known."""
        return len(self._states)

    def begin(self, rebalances: int) -> None:
        """A flush begins; so many rebalances have begun before it."""
        if rebalances != self._rebalances:
            self._states.clear()
            self._rebalances = rebalances

    def lend(self, records: Iterable[LogRecord], borrowed: dict[Slot, ExamState]) -> None:
        """Move the states of the exams that `records` are about into `borrowed`, where they are known."""
        if not self._states:
            return
        for record in records:
            slot = record.partition, record.key or b""
            state = self._states.pop(slot, None)
            if state is not None:
                borrowed[slot] = state

    def give_back(self, states: Mapping[Slot, ExamState]) -> None:
        """Take `states`, which the store now has."""
        self._states.update(states)
        while len(self._states) > self._capacity:
            self._states.popitem(last=False)
