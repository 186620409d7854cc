"""How long to wait before a sender tries again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that begin at `first_s`, double, and end at `most_s`; seconds."""

    first_s: float = 0.1
    most_s: float = 5.0

    def delays_s(self) -> Iterator[float]:
        """The waits, for ever."""
        delay_s = self.first_s
        while True:
            yield delay_s
            delay_s = min(delay_s * 2, self.most_s)
