"""Where pynetdicom's association thread waits: for the library as ever, and for us where nothing is to do.

Who sends on an association pauses its thread first, for that takes messages off the same queue. The library
looks at a flag for that, which still says so a moment after the thread went on: then the thread takes the
answer, the sender waits for it until its timeout, and aborts. Here a sender knows that the thread waits.
"""

# ruff: noqa: SLF001 - it stands for an attribute of the library's
from __future__ import annotations

import threading
from typing import Any

from pynetdicom import evt

_LOOK_AGAIN_S = 0.05


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
            self._changed.notify_all()
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
    def is_reached(self) -> bool:
        """Whether the thread waits: asked after `clear`, it will until `set`."""
        return self._waiting > 0

    @property
    def is_parked(self) -> bool:
        """Whether the thread waits, held by us."""
        return self._is_held and self._waiting > 0


class SendersCheckpoint(Checkpoint):
    """Of an association that we asked for: it is cleared once the thread waits."""

    def __init__(self, association: Any) -> None:
        super().__init__()
        self._association = association

    def clear(self) -> None:
        """The library's, before it sends. No thread waits for itself, and nobody for one that ends."""
        super().clear()
        if threading.current_thread() is self._association:
            return
        with self._changed:
            while not self._waiting and self._association.is_alive() and not self._association._kill:
                self._changed.wait(_LOOK_AGAIN_S)


def _replace(event: evt.Event) -> None:
    association: Any = event.assoc
    association._reactor_checkpoint = SendersCheckpoint(association)


PAUSES_FOR_SENDERS = (evt.EVT_ESTABLISHED, _replace)
"""A handler for every association that we ask for; its thread does not run its rounds before."""
