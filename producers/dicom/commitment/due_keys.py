"""Work that comes due: each key with one thread at a time, at its time. For several threads."""

from __future__ import annotations

import threading
import time


class DueKeys:
    """Keys and when each is due next; for several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._due_s: dict[str, float] = {}
        self._working: set[str] = set()
        self._is_closed = False

    def add(self, key: str, in_s: float = 0.0) -> None:
        """It is due then, or at its own time if that is earlier; after the work that goes on with it."""
        with self._changed:
            at_s = time.monotonic() + in_s
            self._due_s[key] = min(at_s, self._due_s.get(key, at_s))
            self._changed.notify_all()

    def take(self) -> str | None:
        """Wait for the next key that is due, until `done` with it; None once it is closed."""
        with self._changed:
            while not self._is_closed:
                due = [(at_s, key) for key, at_s in self._due_s.items() if key not in self._working]
                at_s, key = min(due, default=(None, ""))
                left_s = None if at_s is None else at_s - time.monotonic()
                if left_s is not None and left_s <= 0:
                    del self._due_s[key]
                    self._working.add(key)
                    return key
                self._changed.wait(left_s)
            return None

    def done(self, key: str) -> None:
        """The work with it is over."""
        with self._changed:
            self._working.discard(key)
            self._changed.notify_all()

    def close(self) -> None:
        """Nobody gets anything more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
