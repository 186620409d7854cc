"""Random draws that are the same for ever: SHA-256 in counter mode.

The standard library's generator would do, but its derived draws (choices, shuffles) may change between
versions of Python, and a department must be the same department on every machine.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")
_TWO_TO_53 = float(1 << 53)


def digest_of(*identity: object) -> bytes:
    """SHA-256 of the identity's parts; the separator keeps ("ab", "c") and ("a", "bc") apart."""
    return hashlib.sha256("\x1f".join(map(str, identity)).encode()).digest()


@dataclass(frozen=True, slots=True)
class LogLogistic:
    """A duration: log-logistic around its median, cut at `max_s` (Raghavan 2019 fits exams so).

    The larger `shape`, the thinner the tail. Seconds.
    """

    median_s: float
    shape: float
    max_s: float

    def at(self, quantile: float) -> float:
        """The duration below which the share `quantile` (0 < quantile < 1) of all lies."""
        odds = quantile / (1.0 - quantile)
        return min(self.median_s * math.pow(odds, 1.0 / self.shape), self.max_s)


class Draws:
    """An endless row of draws, determined by the identity that it was made for."""

    def __init__(self, *identity: object) -> None:
        self._key = digest_of(*identity)
        self._count = 0

    def uniform(self) -> float:
        """A number in (0, 1), both ends excluded."""
        self._count += 1
        block = hashlib.sha256(self._key + self._count.to_bytes(8, "big")).digest()
        return ((int.from_bytes(block[:8], "big") >> 11) + 0.5) / _TWO_TO_53

    def between(self, low: float, high: float) -> float:
        """A number between `low` and `high`."""
        return low + (high - low) * self.uniform()

    def below(self, bound: int) -> int:
        """An integer from 0 to `bound` - 1."""
        return min(int(self.uniform() * bound), bound - 1)

    def happens(self, share: float) -> bool:
        """True in `share` of all draws."""
        return self.uniform() < share

    def one_of(self, values: Sequence[T]) -> T:
        """One of `values`, all equally likely."""
        return values[self.below(len(values))]

    def weighted(self, values: Sequence[T], weights: Sequence[float]) -> T:
        """One of `values`, as likely as its weight says."""
        rest = self.uniform() * math.fsum(weights)
        for value, weight in zip(values, weights, strict=True):
            rest -= weight
            if rest < 0:
                return value
        return values[-1]

    def duration_s(self, law: LogLogistic) -> float:
        """A duration in seconds under `law`."""
        return law.at(self.uniform())

    def exponential(self) -> float:
        """A draw from the exponential distribution of mean 1: gaps between independent arrivals."""
        return -math.log(self.uniform())
