"""Where pynetdicom's association thread waits: for the library as ever, and for us where nothing is to do."""

from __future__ import annotations

import threading


class Checkpoint:
    """Stands for the library's own event (`Association._reactor_checkpoint`); we can hold the thread too."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_set, self._is_held, self._waiting = True, False, 0

    def set(self) -> None:
        """The library's: whoever sets it wants the thread to run, held or not."""
        with self._changed:
            self._is_set, self._is_held = True, False
            self._changed.notify_all()

    def clear(self) -> None:
        """The library's."""
        with self._changed:
            self._is_set = False

    def wait(self) -> None:
        """The library's: until it is set, and not held."""
        if self._is_set and not self._is_held:
            return
        with self._changed:
            self._waiting += 1
            self._changed.wait_for(lambda: self._is_set and not self._is_held)
            self._waiting -= 1

    def hold(self) -> None:
        """Ours: the thread shall wait from its next round on."""
        self._is_held = True

    def let_go(self) -> None:
        """Ours: the thread shall go on as the library wants it."""
        if self._is_held:
            with self._changed:
                self._is_held = False
                self._changed.notify_all()

    @property
    def is_parked(self) -> bool:
        """Whether the thread waits, held by us."""
        return self._is_held and self._waiting > 0
