"""Files of entries that are archived, used again for new ones.

To make a file, give it blocks and take it away again costs more than to write into one that is there, most of
all where thousands come and go in a minute. Steps, so that no power cut brings back an entry with the bytes
of another:

    <number>.image    an entry
    <number>.done     it is archived; then the directory is synced
    <number>.free     that is durable: whoever takes the file may overwrite it
    <number>.new      a new entry is being written

All names are in one directory: when a new entry is durable under its name, so is it that the file has no
other. What the files hold is sealed, as it was before.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_DONE, _FREE = ".done", ".free"
# Which are kept: not those of notes, nor of objects of gigabytes.
_SMALLEST_BYTES, _LARGEST_BYTES = 1 << 16, 1 << 23
_KEPT_BYTES = 1 << 30
# Nothing is kept where so much of the disk is not free.
_DISK_FREE_BYTES = 8 << 30
_LOOK_EVERY_S = 0.5


class UsedFiles:
    """Keeps them, for the one who archives. Of one thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._is_swept = False

    def keep(self, paths: Sequence[Path]) -> None:
        """Archived entries leave the spool: their files are kept, or deleted where there are enough.

        A power cut may bring back an entry as it was: then it is archived again. Raises OSError.
        """
        self._sweep()
        room_bytes = self._room_bytes() if paths else 0
        done = []
        for path in paths:
            with suppress(FileNotFoundError):
                size_bytes = path.stat().st_size
                if _SMALLEST_BYTES <= size_bytes <= min(_LARGEST_BYTES, room_bytes):
                    room_bytes -= size_bytes
                    done.append(path.rename(path.with_suffix(_DONE)))
                else:
                    path.unlink()
        if done:
            self._sync()
        for path in done:
            path.rename(path.with_suffix(_FREE))

    def _sweep(self) -> None:
        """What an earlier run did not come to set free."""
        if not self._is_swept:
            self._is_swept = True
            for path in self._directory.glob(f"*{_DONE}"):
                path.unlink(missing_ok=True)

    def _room_bytes(self) -> int:
        disk = os.statvfs(self._directory)
        if disk.f_bavail * disk.f_frsize < _DISK_FREE_BYTES:
            return 0
        kept = 0
        with os.scandir(self._directory) as found:
            for entry in found:
                if entry.name.endswith(_FREE):
                    with suppress(FileNotFoundError):  # somebody took it
                        kept += entry.stat().st_size
        return max(_KEPT_BYTES - kept, 0)

    def _sync(self) -> None:
        handle = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class FreeFiles:
    """Takes them, for those who write entries. Shared by all threads; other processes may take them too."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        self._names: list[str] = []
        self._looked_s = -_LOOK_EVERY_S

    def take(self, path: str) -> int | None:
        """One of them, now called `path`, open to be written from its beginning; None where there is none.

        It may be longer than what is written: see `end`. Raises OSError.
        """
        while (name := self._next_name()) is not None:
            try:
                os.rename(f"{self._directory}/{name}", path)  # noqa: PTH104 - per image; as in the spool
            except FileNotFoundError:  # another process was faster
                continue
            return os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        return None

    def _next_name(self) -> str | None:
        with self._lock:
            now_s = time.monotonic()
            if not self._names and now_s - self._looked_s >= _LOOK_EVERY_S:
                self._looked_s = now_s
                with os.scandir(self._directory) as found:
                    self._names = [entry.name for entry in found if entry.name.endswith(_FREE)]
            return self._names.pop() if self._names else None


def end(handle: int, size_bytes: int) -> None:
    """The file ends after so many bytes. Raises OSError."""
    if os.fstat(handle).st_size != size_bytes:
        os.ftruncate(handle, size_bytes)


def is_worth_a_used_file(size_bytes: int) -> bool:
    """Whether an entry of about this size goes into one of them: notes do not."""
    return _SMALLEST_BYTES <= size_bytes <= _LARGEST_BYTES
