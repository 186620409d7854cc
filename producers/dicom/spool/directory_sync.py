"""Makes the names in a directory durable: one fsync for all who ask for it at the same time."""

from __future__ import annotations

import os
import threading
from pathlib import Path


class DirectorySync:
    """Shared by all threads that add files to one directory."""

    def __init__(self, directory: Path) -> None:
        """Raises OSError where there is no such directory."""
        self._handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        self._changed = threading.Condition()
        self._asked = self._done = self._failed = 0
        self._is_syncing = False

    def sync(self) -> None:
        """On return every name that was there at the call is durable. Raises OSError."""
        with self._changed:
            self._asked += 1
            mine = self._asked
            self._changed.wait_for(lambda: self._done >= mine or not self._is_syncing)
            if self._done < mine:
                self._lead()
            # The kernel reports an error once: whoever waited for that fsync must not take the next for it.
            if mine <= self._failed:
                raise OSError("the directory's fsync failed")

    def close(self) -> None:
        """Let go of the directory; nobody syncs any more."""
        handle, self._handle = self._handle, -1  # its number may soon be another file's
        os.close(handle)

    def _lead(self) -> None:
        """Sync for everyone who has asked by now; called with the lock, which is free meanwhile."""
        self._is_syncing, up_to = True, self._asked
        self._changed.release()
        try:
            os.fsync(self._handle)
            has_failed = False
        except OSError:
            has_failed = True
        finally:
            self._changed.acquire()
        self._is_syncing, self._done = False, up_to
        if has_failed:
            self._failed = up_to
        self._changed.notify_all()
