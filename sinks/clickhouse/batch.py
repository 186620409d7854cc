"""Messages gathered into batches: pure, with the clock handed in.

A batch holds what came of one topic, over all of the partitions that are read here: an insert of ten rows
costs ClickHouse as much as one of one row, so one insert for each partition would cost several times as
much. It stays right because a batch, once taken, is tried again as it is: same rows, same token.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import NamedTuple

from sinks.clickhouse.config import BatchLimits

_TOPIC, _PARTITION = attrgetter("topic"), attrgetter("partition")


class Message(NamedTuple):
    """What Kafka delivered; `value` is None for a tombstone."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    key: bytes | None = None


def exam_id_of(message: Message) -> str:
    """The exam that a row of a compacted topic, or its tombstone, is about: its key."""
    return (message.key or b"").decode(errors="replace")


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages of one topic, each partition's in the order of their offsets."""

    topic: str
    messages: tuple[Message, ...]

    def partitions(self) -> set[int]:
        """Those that its messages came from."""
        return set(map(_PARTITION, self.messages))

    def next_offsets(self) -> dict[int, int]:
        """By partition the offset to commit: the one after the last."""
        return {message.partition: message.offset + 1 for message in self.messages}

    def without(self, partitions: Collection[int]) -> Batch:
        """What remains when `partitions` went to somebody else."""
        return Batch(self.topic, tuple(m for m in self.messages if m.partition not in partitions))


def insert_token(topic: str, topic_id: str, messages: Sequence[Message]) -> str:
    """`topic:partition:first-last*count` of each partition in `messages`, and the topic's id.

    The count tells what lies between two offsets from the same without the messages that were refused.

    The id tells a topic from one of the same name on another cluster, or made anew after a loss, whose
    offsets begin again: without it ClickHouse would take its first batches for repeats and drop them.
    """
    offsets: dict[int, list[int]] = {}
    for _, partition, offset, _, _ in messages:
        offsets.setdefault(partition, []).append(offset)
    ranges = ",".join(
        f"{partition}:{min(of)}-{max(of)}*{len(of)}" for partition, of in sorted(offsets.items())
    )
    return f"{topic}:{ranges}@{topic_id}"


@dataclass(slots=True)
class _Filling:
    due_at_s: float
    messages: list[Message] = field(default_factory=list)
    bytes: int = 0

    def extend(self, messages: Iterable[Message]) -> None:
        known = len(self.messages)
        self.messages += messages
        self.bytes += sum(len(message.value or b"") for message in self.messages[known:])


class Batcher:
    """Fills one batch per topic until it is full or old enough."""

    def __init__(self, limits: BatchLimits) -> None:
        self._limits = limits
        self._filling: dict[str, _Filling] = {}

    def add(self, messages: Iterable[Message], now_s: float) -> None:
        """Take `messages`; offsets of one partition come in their order."""
        for topic, run in groupby(messages, _TOPIC):
            filling = self._filling.get(topic)
            if filling is None:
                filling = self._filling[topic] = _Filling(now_s + self._limits.age_s)
            filling.extend(run)

    def take_due(self, now_s: float) -> list[Batch]:
        """The batches that are full or old enough, the oldest first."""
        due = [t for t, filling in self._filling.items() if filling.due_at_s <= now_s or self._full(filling)]
        return [self._take(topic) for topic in sorted(due, key=lambda topic: self._filling[topic].due_at_s)]

    def take_all(self) -> list[Batch]:
        """Every batch as it stands."""
        return [self._take(topic) for topic in list(self._filling)]

    def drop(self, lost: Collection[tuple[str, int]]) -> None:
        """Forget what came of (topic, partition) in `lost`: whoever owns them reads it again."""
        for topic, filling in list(self._filling.items()):
            kept = [m for m in filling.messages if (m.topic, m.partition) not in lost]
            if kept:
                left = self._filling[topic] = _Filling(filling.due_at_s)
                left.extend(kept)
            else:
                del self._filling[topic]

    def wait_s(self, now_s: float) -> float | None:
        """Seconds until the next batch is old enough; None while there is none."""
        if not self._filling:
            return None
        return max(0.0, min(filling.due_at_s for filling in self._filling.values()) - now_s)

    def _full(self, filling: _Filling) -> bool:
        return len(filling.messages) >= self._limits.rows or filling.bytes >= self._limits.bytes

    def _take(self, topic: str) -> Batch:
        return Batch(topic, tuple(self._filling.pop(topic).messages))
