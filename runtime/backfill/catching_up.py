"""Waits until the views, the analytics and the alerts have what the log has now.

Not for the archive, which lets a file wait for more: it goes on by itself, also after a restart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from confluent_kafka import KafkaException

from runtime.lag import CONSUMED, read_progress

PATIENCE_S = 180.0
_LOOK_EVERY_S = 1.0
# What the fold writes, the others read: they are asked to have that as well.
_FIRST = ("fold",)
_THEN = tuple(role for role in CONSUMED if role not in {*_FIRST, "archive"})

Tell = Callable[[str, int, int], None]
"""Who, how many messages of theirs are done, and how many there were."""
Place = tuple[str, str, int]


class NotCaughtUp(Exception):
    """Somebody makes no progress; the message says who."""


def wait_until_caught_up(
    bootstrap: str, patience_s: float, tell: Tell = lambda _role, _done, _total: None
) -> None:
    """Return when all have what was there when they were asked. Raises NotCaughtUp.

    `patience_s`: how long nobody may make any progress, or Kafka give no answer.
    """
    for roles in (_FIRST, _THEN):
        _Waiting(bootstrap, roles, patience_s, tell).wait()


class _Waiting:
    """Some roles, on their way to where the log ended when they were first looked at."""

    def __init__(self, bootstrap: str, roles: Sequence[str], patience_s: float, tell: Tell) -> None:
        self._bootstrap = bootstrap
        self._roles = roles
        self._patience_s = patience_s
        self._tell = tell
        self._goals: dict[Place, int] = {}
        self._totals: dict[str, int] = {}

    def wait(self) -> None:
        """Raises NotCaughtUp."""
        least, progress_s = -1, time.monotonic()
        while True:
            missing = self._missing()
            total = None if missing is None else sum(missing.values())
            if total == 0:
                return
            if total is not None and (least < 0 or total < least):
                least, progress_s = total, time.monotonic()
            elif time.monotonic() - progress_s > self._patience_s:
                raise NotCaughtUp(f"no progress for {self._patience_s:.0f} s: {_words(missing)}")
            time.sleep(_LOOK_EVERY_S)

    def _missing(self) -> Mapping[str, int] | None:
        """By role the messages that it has yet to process; None where Kafka does not say."""
        try:
            looked = {role: read_progress(self._bootstrap, *CONSUMED[role]) for role in self._roles}
        except KafkaException:
            return None
        missing = dict.fromkeys(self._roles, 0)
        for role, found in looked.items():
            for one in found:
                goal = self._goals.setdefault((role, one.topic, one.partition), one.end)
                missing[role] += max(0, goal - one.next_offset)
            total = self._totals.setdefault(role, missing[role])
            self._tell(role, total - missing[role], total)
        return missing


def _words(missing: Mapping[str, int] | None) -> str:
    if missing is None:
        return "Kafka does not say how far anybody is"
    return ", ".join(f"{role} is {count:,} messages behind" for role, count in missing.items() if count)
