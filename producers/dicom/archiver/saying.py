"""What the archiver logs of its work: how deep the spool is, and once, not at every attempt, what is away."""

from __future__ import annotations

import time

import structlog

from producers.dicom.spool.reader import SpoolReader

log = structlog.get_logger("dicom")
_FIRST_PAUSE_S = 0.25
_REMIND_EVERY_S = 60.0
_DEPTH_EVERY_S = 10.0


class Outage:
    """The object store, Kafka or the keys are away: longer and longer pauses, few words."""

    def __init__(self, longest_pause_s: float) -> None:
        self._longest_pause_s = longest_pause_s
        self._pause_s = _FIRST_PAUSE_S
        self._began_s: float | None = None
        self._said_s = 0.0

    def pause_s(self, why: str) -> float:
        """How long to wait until the next attempt."""
        now_s = time.monotonic()
        if self._began_s is None:
            self._began_s = now_s
        if self._said_s == 0.0 or now_s - self._said_s > _REMIND_EVERY_S:
            self._said_s = now_s
            log.warning(
                "archiver waits",
                error=why,
                waiting_s=round(now_s - self._began_s, 1),
            )
        pause_s, self._pause_s = self._pause_s, min(2 * self._pause_s, self._longest_pause_s)
        return pause_s

    def over(self) -> None:
        """An attempt went well."""
        if self._began_s is not None:
            log.info("archiver goes on", waited_s=round(time.monotonic() - self._began_s, 1))
            self._began_s, self._said_s, self._pause_s = None, 0.0, _FIRST_PAUSE_S


class SpoolDepthLog:
    """A line every ten seconds, as long as there is something to say."""

    def __init__(self, reader: SpoolReader) -> None:
        self._reader = reader
        self._said_s = time.monotonic()
        self._archived = 0
        self._was_empty = True

    def archived(self, entries: int) -> None:
        """So many entries have left the spool."""
        self._archived += entries

    def say(self) -> None:
        """Say it when it is time."""
        now_s = time.monotonic()
        if now_s - self._said_s < _DEPTH_EVERY_S:
            return
        depth = self._reader.depth()
        if depth.entries or self._archived or not self._was_empty:
            log.info(
                "spool",
                entries=depth.entries,
                size_bytes=depth.size_bytes,
                oldest_age_s=round(depth.oldest_age_s, 1),
                archived=self._archived,
                in_s=round(now_s - self._said_s, 1),
            )
        self._said_s, self._archived, self._was_empty = now_s, 0, not depth.entries
