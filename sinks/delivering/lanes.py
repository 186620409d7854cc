"""Which delivery is next: one lane per exam, pure, with the clock handed in.

Of one exam the second delivery begins only when the first has come to an end, however often that is tried;
different exams do not wait for one another.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Job = TypeVar("Job")


@dataclass(slots=True, eq=False)
class _Lane(Generic[Key, Job]):
    key: Key
    jobs: deque[Job] = field(default_factory=deque)
    is_dropped: bool = False


class Lanes(Generic[Key, Job]):
    """Jobs in lanes. A lane whose head was taken gives nothing until `done` or `again`."""

    def __init__(self) -> None:
        self._lanes: dict[Key, _Lane[Key, Job]] = {}
        self._ready: deque[_Lane[Key, Job]] = deque()
        self._waiting: list[tuple[float, int, _Lane[Key, Job]]] = []
        self._taken: dict[Key, _Lane[Key, Job]] = {}
        self._counter = 0
        self._size = 0

    def __len__(self) -> int:
        """Jobs that have not come to an end, those under way included."""
        return self._size

    def add(self, key: Key, job: Job) -> None:
        """Put `job` at the end of its lane."""
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = _Lane(key)
            # After a `drop` its last job may still be under way: `done` makes the new lane ready.
            if key not in self._taken:
                self._ready.append(lane)
        lane.jobs.append(job)
        self._size += 1

    def take(self, now_s: float) -> tuple[Key, Job] | None:
        """The head of a lane that may go now, the one that has waited longest."""
        while self._waiting and self._waiting[0][0] <= now_s:
            self._ready.append(heapq.heappop(self._waiting)[2])
        while self._ready:
            lane = self._ready.popleft()
            if not lane.is_dropped:
                self._taken[lane.key] = lane
                return lane.key, lane.jobs[0]
        return None

    def done(self, key: Key) -> None:
        """The job that was taken from this lane has come to an end."""
        lane = self._given_back(key)
        if lane is None:
            return
        lane.jobs.popleft()
        self._size -= 1
        if lane.jobs:
            self._ready.append(lane)
        else:
            del self._lanes[key]

    def again(self, key: Key, at_s: float) -> None:
        """The job that was taken from this lane is to be tried again, not before `at_s`."""
        lane = self._given_back(key)
        if lane is not None:
            self._counter += 1
            heapq.heappush(self._waiting, (at_s, self._counter, lane))

    def drop(self, is_lost: Callable[[Job], bool]) -> None:
        """Forget the lanes whose jobs are lost: all of one lane are, or none."""
        for key, lane in list(self._lanes.items()):
            if is_lost(lane.jobs[0]):
                lane.is_dropped = True
                self._size -= len(lane.jobs)
                del self._lanes[key]

    def next_at_s(self) -> float | None:
        """When the next lane that waits may go; None where none waits."""
        return self._waiting[0][0] if self._waiting else None

    def _given_back(self, key: Key) -> _Lane[Key, Job] | None:
        """The lane that `take` gave; None where it was dropped meanwhile."""
        lane = self._taken.pop(key)
        if not lane.is_dropped:
            return lane
        if key in self._lanes:  # came back meanwhile, and has waited for this
            self._ready.append(self._lanes[key])
        return None
