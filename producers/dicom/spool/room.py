"""How much the spool may hold: a bound in bytes, and a reserve of free disk that it never touches."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

IMAGE, NOTE = ".image", ".note"
_RECOUNT_EVERY_S = 0.5


class SpoolFull(Exception):
    """There is no room: the sender keeps its image and sends it again."""


@dataclass(frozen=True, slots=True)
class SpoolDepth:
    """What waits in the spool. oldest_age_s: of the oldest entry, 0 where there is none."""

    entries: int
    size_bytes: int
    oldest_age_s: float


def measure(directory: Path) -> SpoolDepth:
    """What waits now; nothing where there is no directory yet."""
    entries, size_bytes, oldest_s = 0, 0, time.time()
    try:
        with os.scandir(directory) as found:
            for entry in found:
                if entry.name.endswith((IMAGE, NOTE)):
                    try:
                        stat = entry.stat()
                    except FileNotFoundError:  # archived meanwhile
                        continue
                    entries, size_bytes = entries + 1, size_bytes + stat.st_size
                    oldest_s = min(oldest_s, stat.st_mtime)
    except FileNotFoundError:
        pass
    return SpoolDepth(entries, size_bytes, max(time.time() - oldest_s, 0.0) if entries else 0.0)


class SpoolRoom:
    """Counts what is appended; what was archived meanwhile is found when the count is at its bound."""

    def __init__(self, directory: Path, maximum_bytes: int, reserve_bytes: int) -> None:
        self._directory = directory
        self._maximum_bytes = maximum_bytes
        self._reserve_bytes = reserve_bytes
        self._lock = threading.Lock()
        self._being_written_bytes = 0
        self._entries_bytes = measure(directory).size_bytes
        self._counted_s = time.monotonic()

    @contextmanager
    def taken(self, size_bytes: int) -> Iterator[None]:
        """Room for one entry while it is written, which counts afterwards. Raises SpoolFull, OSError."""
        self._take(size_bytes)
        is_written = False
        try:
            yield
            is_written = True
        finally:
            with self._lock:
                self._being_written_bytes -= size_bytes
                self._entries_bytes += size_bytes if is_written else 0

    def _take(self, size_bytes: int) -> None:
        disk = os.statvfs(self._directory)
        with self._lock:
            if disk.f_bavail * disk.f_frsize < self._reserve_bytes + self._being_written_bytes + size_bytes:
                raise SpoolFull("the disk is full, but for its reserve")
            if self._left_bytes() < size_bytes and time.monotonic() - self._counted_s > _RECOUNT_EVERY_S:
                self._entries_bytes = measure(self._directory).size_bytes
                self._counted_s = time.monotonic()
            if self._left_bytes() < size_bytes:
                raise SpoolFull("the spool is full")
            self._being_written_bytes += size_bytes

    def _left_bytes(self) -> int:
        return self._maximum_bytes - self._entries_bytes - self._being_written_bytes
