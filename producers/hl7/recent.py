"""The messages that were accepted lately: to see a repetition, and a control id that is used again."""

from __future__ import annotations

from enum import Enum

# About 12 MB when full.
_KEPT = 100_000


class Seen(Enum):
    """NEW: not that we remember. SAME: accepted before. OTHER: its control id had another content."""

    NEW = 0
    SAME = 1
    OTHER = 2


class RecentMessages:
    """By MSH-3, MSH-4 and MSH-10; the oldest are forgotten, half of what is kept at a time."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._half = max(kept // 2, 1)
        self._young: dict[int, bytes] = {}
        self._old: dict[int, bytes] = {}

    def __len__(self) -> int:
        return len(self._young.keys() | self._old.keys())

    def look(self, identity: tuple[str, str, str, str]) -> Seen:
        """`identity`: MSH-3, MSH-4, MSH-10 and the SHA-256 of the content, hexadecimal."""
        key = hash(identity[:3])
        known = self._young.get(key) or self._old.get(key)
        if known is None or not identity[2]:
            return Seen.NEW
        return Seen.SAME if known == _digest(identity) else Seen.OTHER

    def accepted(self, identity: tuple[str, str, str, str]) -> None:
        """Kafka has it."""
        self._young[hash(identity[:3])] = _digest(identity)
        if len(self._young) >= self._half:
            self._old, self._young = self._young, {}


def _digest(identity: tuple[str, str, str, str]) -> bytes:
    # The content holds the control id, so two ids with one hash do not pass for a repetition.
    return bytes.fromhex(identity[3][:32])
