"""Counters of a department that forget by themselves: who stands in line, what the last hour had. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import Counter, deque


class Line:
    """Exams that wait for the same thing, by urgency and then by since when. Times in microseconds.

    Steps go missing: whoever stands in it for longer than `patience_us` is not counted.
    """

    __slots__ = ("_by_rank", "_patience_us")

    def __init__(self, patience_us: int) -> None:
        self._by_rank: dict[int, list[int]] = {}
        self._patience_us = patience_us

    def join(self, rank: int, since_us: int) -> None:
        """One more; a lower rank is more urgent."""
        insort(self._by_rank.setdefault(rank, []), since_us)

    def leave(self, rank: int, since_us: int) -> None:
        """One less, who had joined with the same two."""
        members = self._by_rank[rank]
        del members[bisect_left(members, since_us)]

    def length(self, now_us: int) -> int:
        """How many wait."""
        oldest_us = now_us - self._patience_us
        return sum(len(members) - bisect_left(members, oldest_us) for members in self._by_rank.values())

    def ahead(self, rank: int, since_us: int, now_us: int) -> int:
        """How many come before one of that rank who waits since then."""
        oldest_us = now_us - self._patience_us
        found = 0
        for other, members in self._by_rank.items():
            if other < rank:
                found += len(members) - bisect_left(members, oldest_us)
            elif other == rank:
                found += max(0, bisect_left(members, since_us) - bisect_left(members, oldest_us))
        return found

    def between(self, from_us: int, until_us: int) -> int:
        """How many are in it since an instant of that range, whatever their rank."""
        return sum(
            bisect_left(members, until_us) - bisect_left(members, from_us)
            for members in self._by_rank.values()
        )


class Recent:
    """How often something happened within the last `window_us`, and by how many different ones."""

    __slots__ = ("_by", "_seen", "_window_us")

    def __init__(self, window_us: int) -> None:
        self._window_us = window_us
        self._seen: deque[tuple[int, str]] = deque()
        self._by: Counter[str] = Counter()

    def note(self, now_us: int, who: str) -> None:
        """It happened now."""
        self._seen.append((now_us, who))
        self._by[who] += 1

    def counts(self, now_us: int) -> tuple[int, int]:
        """How often, and by how many of whom a name is known."""
        while self._seen and self._seen[0][0] <= now_us - self._window_us:
            who = self._seen.popleft()[1]
            self._by[who] -= 1
            if not self._by[who]:
                del self._by[who]
        return len(self._seen), len(self._by) - ("" in self._by)


class Pace:
    """A mean of durations in which the latest count most: of their logarithms, for few last very long."""

    __slots__ = ("_mean", "_weight")

    def __init__(self, weight: float = 0.1) -> None:
        self._weight = weight
        self._mean = math.nan

    def note(self, minutes: float) -> None:
        """One more duration; a negative one counts as none."""
        said = math.log1p(max(0.0, minutes))
        self._mean = said if math.isnan(self._mean) else self._mean + self._weight * (said - self._mean)

    @property
    def minutes(self) -> float:
        """The mean, NaN before the first."""
        return math.expm1(self._mean)
