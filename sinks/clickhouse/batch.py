"""Messages gathered into batches: pure, with the clock handed in.

A batch holds what came of one topic, over all of the partitions that are read here: an insert of ten rows
costs ClickHouse as much as one of one row, so one insert for each partition would cost several times as
much. It stays right because a batch, once taken, is tried again as it is: same rows, same token.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from sinks.clickhouse.config import BatchLimits
from sinks.clickhouse.messages import Message, Messages, together
from sinks.clickhouse.origin import Origin


def exam_id_of(message: Message) -> str:
    """The exam that a row of a compacted topic, or its tombstone, is about: its key."""
    return (message.key or b"").decode(errors="replace")


def insert_token(topic_id: str, origin: Origin) -> str:
    """`topic:partition:first-last*count` of each partition in `origin`, and the topic's id.

    The count tells what lies between two offsets from the same without the messages that were refused.

    The id tells a topic from one of the same name on another cluster, or made anew after a loss, whose
    offsets begin again: without it ClickHouse would take its first batches for repeats and drop them.
    """
    ranges = ",".join(
        f"{partition}:{first}-{last}*{number}" for partition, first, last, number in origin.ranges()
    )
    return f"{origin.topic}:{ranges}@{topic_id}"


@dataclass(slots=True)
class _Filling:
    due_at_s: float
    parts: list[Messages] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0

    def add(self, messages: Messages) -> None:
        self.parts.append(messages)
        self.rows += len(messages)
        self.bytes += messages.bytes()


class Batcher:
    """Fills one batch per topic until it is full or old enough."""

    def __init__(self, limits: BatchLimits) -> None:
        self._limits = limits
        self._filling: dict[str, _Filling] = {}

    def add(self, messages: Messages, now_s: float) -> None:
        """Take `messages`; offsets of one partition come in their order."""
        if not len(messages):
            return
        filling = self._filling.get(messages.topic)
        if filling is None:
            filling = self._filling[messages.topic] = _Filling(now_s + self._limits.age_s)
        filling.add(messages)

    def take_due(self, now_s: float) -> list[Messages]:
        """The batches that are full or old enough, the oldest first."""
        due = [t for t, filling in self._filling.items() if filling.due_at_s <= now_s or self._full(filling)]
        return [self._take(topic) for topic in sorted(due, key=lambda topic: self._filling[topic].due_at_s)]

    def take_all(self) -> list[Messages]:
        """Every batch as it stands."""
        return [self._take(topic) for topic in list(self._filling)]

    def drop(self, lost: Collection[tuple[str, int]]) -> None:
        """Forget what came of (topic, partition) in `lost`: whoever owns them reads it again."""
        for filling in list(self._filling.values()):
            kept = together(filling.parts).without(lost)
            del self._filling[kept.topic]
            if len(kept):
                left = self._filling[kept.topic] = _Filling(filling.due_at_s)
                left.add(kept)

    def wait_s(self, now_s: float) -> float | None:
        """Seconds until the next batch is old enough; None while there is none."""
        if not self._filling:
            return None
        return max(0.0, min(filling.due_at_s for filling in self._filling.values()) - now_s)

    def _full(self, filling: _Filling) -> bool:
        return filling.rows >= self._limits.rows or filling.bytes >= self._limits.bytes

    def _take(self, topic: str) -> Messages:
        return together(self._filling.pop(topic).parts)
