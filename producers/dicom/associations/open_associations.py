"""The associations that are open: how many count, who stores in each, and that its end is said once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from producers.dicom.associations.connection import AssociationConnection
from producers.dicom.storage.storing import SendingAssociation


@dataclass(slots=True)
class OpenAssociation:
    """counts: against the maximum, for it was not rejected."""

    connection: AssociationConnection
    sender: SendingAssociation
    counts: bool = False


class OpenAssociations:
    """By pynetdicom's association. Every method may be called from any thread."""

    def __init__(self, maximum: int, ended: Callable[[SendingAssociation], None]) -> None:
        """`ended` is told of the end of an association in which images were stored."""
        self._maximum = maximum
        self._ended = ended
        self._open: dict[Any, OpenAssociation] = {}
        self._lock = threading.Lock()

    def add(self, association: Any, connection: AssociationConnection) -> None:
        """It is open, and does not count yet."""
        with self._lock:
            self._open[association] = OpenAssociation(connection, SendingAssociation())

    def has_room(self, association: Any) -> bool:
        """Whether one more may be accepted; it counts from now on."""
        with self._lock:
            one = self._open.get(association)
            if one is None or sum(other.counts for other in self._open.values()) >= self._maximum:
                return False
            one.counts = True
            return True

    def sender_of(self, association: Any) -> SendingAssociation | None:
        """Who stores in it; None where it has ended."""
        with self._lock:
            one = self._open.get(association)
        return None if one is None else one.sender

    def all(self) -> Mapping[Any, OpenAssociation]:
        """Those that are open now."""
        with self._lock:
            return dict(self._open)

    def end(self, association: Any) -> None:
        """Idempotent: a release is followed by the end of the connection."""
        with self._lock:
            one = self._open.pop(association, None)
        if one is None:
            return
        with one.sender.lock:
            one.sender.has_ended = True
            self.say_ended(one.sender)

    def say_ended(self, sender: SendingAssociation) -> None:
        """With the sender's lock: its end is told where images were stored since it was last."""
        if sender.has_stored:
            self._ended(sender)
        sender.has_stored = False
