"""The messages that were accepted lately: to see a repetition, and a control id that is used again."""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum

# About 20 MB when full.
_KEPT = 100_000


class Seen(Enum):
    """NEW: not that we remember. SAME: accepted before. OTHER: its control id had another content."""

    NEW = 0
    SAME = 1
    OTHER = 2


class RecentMessages:
    """By MSH-3, MSH-4 and MSH-10; the oldest are forgotten."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._kept = kept
        self._content_by_id: OrderedDict[int, bytes] = OrderedDict()

    def __len__(self) -> int:
        return len(self._content_by_id)

    def look(self, identity: tuple[str, str, str, str]) -> Seen:
        """`identity`: MSH-3, MSH-4, MSH-10 and the SHA-256 of the content, hexadecimal."""
        known = self._content_by_id.get(hash(identity[:3]))
        if known is None or not identity[2]:
            return Seen.NEW
        return Seen.SAME if known == _digest(identity) else Seen.OTHER

    def accepted(self, identity: tuple[str, str, str, str]) -> None:
        """Kafka has it."""
        key = hash(identity[:3])
        self._content_by_id[key] = _digest(identity)
        self._content_by_id.move_to_end(key)
        if len(self._content_by_id) > self._kept:
            self._content_by_id.popitem(last=False)


def _digest(identity: tuple[str, str, str, str]) -> bytes:
    # The content holds the control id, so two ids with one hash do not pass for a repetition.
    return bytes.fromhex(identity[3][:32])
