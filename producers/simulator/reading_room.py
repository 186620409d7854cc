"""The reading room: radiologists with shifts and specialities, and what waits for them. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass

from producers.simulator.department import ReaderGroup
from producers.simulator.drafting import Draft
from producers.simulator.draws import Draws
from producers.simulator.hours import Shift
from producers.simulator.identities import PlanIdentity

_Waiting = tuple[int, int, int, Draft]


@dataclass(frozen=True, slots=True)
class _Reader:
    number: int
    reads: frozenset[str]

    @property
    def rank(self) -> tuple[int, int]:
        """Specialists come before those who read everything."""
        return len(self.reads), self.number


class ReadingRoom:
    """Everybody who reads, and one queue for each modality; urgent exams first, then the oldest."""

    def __init__(self, groups: tuple[ReaderGroup, ...], absent_share: float, identity: PlanIdentity) -> None:
        """`absent_share`: of each reader's shifts."""
        self._absent_share = absent_share
        self._identity = identity
        self._members: dict[str, list[_Reader]] = {}
        numbers = iter(range(1, 1 + sum(group.readers for group in groups)))
        for group in groups:
            reads = frozenset(group.reads)
            self._members[group.name] = [_Reader(next(numbers), reads) for _ in range(group.readers)]
        self._by_number = {one.number: one for members in self._members.values() for one in members}
        self._on_duty: dict[int, int] = {}
        self._reading: set[int] = set()
        self._waiting: dict[str, list[_Waiting]] = {}

    def on_duty_in(self, shift: Shift) -> list[int]:
        """The numbers of those who come to `shift`. At least one does."""
        members = self._members[shift.group.name]
        coming = [one.number for one in members if not self._is_absent(one, shift)]
        return coming or [members[0].number]

    def begin(self, reader: int) -> None:
        """`reader` is on duty; once more where one shift begins as another ends."""
        self._on_duty[reader] = self._on_duty.get(reader, 0) + 1

    def end(self, reader: int) -> None:
        """`reader` goes, after the exam that is being read."""
        self._on_duty[reader] -= 1

    def join(self, draft: Draft, now_s: int) -> None:
        """One more can be read."""
        queue = self._waiting.setdefault(draft.modality.code, [])
        heapq.heappush(queue, (draft.urgency, now_s, draft.index, draft))

    def release(self, reader: int) -> None:
        """`reader` could take the next one."""
        self._reading.discard(reader)

    def next_served(self) -> tuple[Draft, int] | None:
        """What is read by whom now."""
        for reader in self._free():
            queues = [queue for code in reader.reads if (queue := self._waiting.get(code))]
            if queues:
                queue = min(queues, key=_first_of)
                self._reading.add(reader.number)
                return heapq.heappop(queue)[3], reader.number
        return None

    def _free(self) -> Iterator[_Reader]:
        if any(self._waiting.values()):
            free = (
                self._by_number[number]
                for number, shifts in self._on_duty.items()
                if shifts > 0 and number not in self._reading
            )
            yield from sorted(free, key=_rank_of)

    def _is_absent(self, reader: _Reader, shift: Shift) -> bool:
        draws: Draws = self._identity.draws(f"absent {shift.day}", reader.number)
        return draws.happens(self._absent_share)


def _rank_of(reader: _Reader) -> tuple[int, int]:
    return reader.rank


def _first_of(queue: list[_Waiting]) -> tuple[int, int, int]:
    return queue[0][:3]
