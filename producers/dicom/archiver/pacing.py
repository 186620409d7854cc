"""When the archiver works while images come: little at first, so that reception has the machine.

Archiving an image costs several times what receiving it does, most of it in the object store. A burst is
received first, and archived when it is over. Where images never stop, the share of the time in which the
archiver works grows with the age of the oldest entry, so what waits does not become old, and what goes into
the object store is what it can take.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from producers.dicom.spool.reader import SpoolReader

# Nothing came for so long: the burst is over.
_QUIET_S = 0.3
# At how many times the delay the archiver works all the time.
_FULL_AT_DELAYS = 5.0
# At most so much work in one go that was not done before.
_CREDIT_S = 0.1
_MEASURE_EVERY_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceConfig:
    """delay_s: how old the oldest entry becomes before the archiver begins while images come; 0: at once.

    full_bytes: with so much in the spool it works all the time.
    """

    delay_s: float = 2.0
    full_bytes: int = 5 << 30


def share_of_time(oldest_age_s: float, delay_s: float) -> float:
    """How much of the time the archiver works while images come: 0 to 1."""
    if delay_s <= 0:
        return 1.0
    return min(max((oldest_age_s / delay_s - 1) / (_FULL_AT_DELAYS - 1), 0.0), 1.0)


class Pace:
    """Of one thread."""

    def __init__(
        self, config: PaceConfig, reader: SpoolReader, clock_s: Callable[[], float] = time.monotonic
    ) -> None:
        self._config = config
        self._reader = reader
        self._clock_s = clock_s
        self._changed_ns = reader.changed_ns()
        self._came_s = self._asked_s = self._measured_s = clock_s()
        self._is_full = False
        self._credit_s = 0.0

    def is_due(self, oldest: str | None) -> bool:
        """Whether the next round may begin. oldest: the name of the first entry; None where there is none.

        Raises OSError.
        """
        now_s = self._clock_s()
        elapsed_s, self._asked_s = now_s - self._asked_s, now_s
        if (changed_ns := self._reader.changed_ns()) != self._changed_ns:
            self._changed_ns, self._came_s = changed_ns, now_s
        if oldest is None or now_s - self._came_s >= _QUIET_S or self._fills(now_s):
            return True
        share = share_of_time(self._reader.age_s(oldest), self._config.delay_s)
        self._credit_s = min(self._credit_s + elapsed_s * share, _CREDIT_S)
        return share >= 1 or (share > 0 and self._credit_s > 0)

    def worked(self, seconds: float) -> None:
        """A round took so long. What it changed in the spool's directory is no new image."""
        self._credit_s -= seconds
        self._changed_ns = self._reader.changed_ns()

    def _fills(self, now_s: float) -> bool:
        if now_s - self._measured_s >= _MEASURE_EVERY_S:
            self._measured_s = now_s
            self._is_full = self._reader.depth().size_bytes >= self._config.full_bytes
        return self._is_full
