"""Waits until the views, the analytics and the alerts have what the log has.

Not for the archive, which lets a file wait for more: it goes on by itself, also after a restart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from runtime.lag import CONSUMED, read_lag

# Messages that each has yet to process; None where Kafka did not say.
Lags = Mapping[str, int | None]
_WAITED_FOR = tuple(role for role in CONSUMED if role != "archive")
PATIENCE_S = 180.0
_LOOK_EVERY_S = 1.0
# Two looks, since what one of them writes the next one reads.
_LOOKS_WITHOUT_LAG = 2


class NotCaughtUp(Exception):
    """Somebody makes no progress; the message says who."""


def wait_until_caught_up(
    bootstrap: str, patience_s: float, tell: Callable[[Lags], None] = lambda _lags: None
) -> None:
    """Return when nobody is behind. Raises NotCaughtUp after `patience_s` without any progress."""
    least, progress_s, looks = -1, time.monotonic(), 0
    while looks < _LOOKS_WITHOUT_LAG:
        lags = {role: read_lag(bootstrap, role) for role in _WAITED_FOR}
        tell(lags)
        behind = {role: lag for role, lag in lags.items() if lag != 0}
        looks = 0 if behind else looks + 1
        total = sum(lag or 0 for lag in behind.values())
        if least < 0 or total < least or looks:
            least, progress_s = total, time.monotonic()
        elif time.monotonic() - progress_s > patience_s:
            raise NotCaughtUp(f"no progress for {patience_s:.0f} s: {_words(behind)}")
        time.sleep(_LOOK_EVERY_S)


class Worst:
    """Tells each role's progress since it was furthest behind."""

    def __init__(self, tell: Callable[[str, int, int], None]) -> None:
        """`tell`: who, how much is done since, and how much there was."""
        self._tell = tell
        self._worst: dict[str, int] = {}

    def __call__(self, lags: Lags) -> None:
        """Look at the next lags."""
        known: Mapping[str, int] = {role: lag for role, lag in lags.items() if lag is not None}
        for role, lag in known.items():
            worst = self._worst[role] = max(lag, self._worst.get(role, 0))
            if worst:
                self._tell(role, worst - lag, worst)


def _words(behind: Lags) -> str:
    return ", ".join(
        f"{role} {'unknown' if lag is None else f'{lag:,} behind'}" for role, lag in behind.items()
    )
