"""Messages of one topic, side by side: to make an object of each costs more than to read what is in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, NamedTuple, cast

import numpy as np
from confluent_kafka import Message as KafkaMessage

from sinks.clickhouse.columnar.cursor import Flags, Places
from sinks.clickhouse.origin import Origin


class Message(NamedTuple):
    """What Kafka delivered; `value` is None for a tombstone."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    key: bytes | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Messages:
    """Many messages of one topic, each partition's in the order of their offsets."""

    origin: Origin
    values: Sequence[bytes | None]
    keys: Sequence[bytes | None]

    @property
    def topic(self) -> str:
        """Where they came from."""
        return self.origin.topic

    def __len__(self) -> int:
        """How many they are."""
        return len(self.values)

    def __iter__(self) -> Iterator[Message]:
        """One after the other."""
        partitions, offsets = self.origin.partitions.tolist(), self.origin.offsets.tolist()
        for place in zip(partitions, offsets, self.values, self.keys, strict=True):
            yield Message(self.topic, *place)

    def is_empty(self) -> Flags:
        """Which of them have no value."""
        if None not in self.values:
            return np.zeros(len(self), np.bool_)
        return np.fromiter((value is None for value in self.values), np.bool_, len(self))

    def filled(self) -> Sequence[bytes]:
        """Their values, empty ones where there is none."""
        return [value or b"" for value in self.values]

    def bytes(self) -> int:
        """How many bytes their values have."""
        return sum(map(len, filter(None, self.values)))

    def only(self, rows: Places) -> Messages:
        """Those at `rows`, in the order of `rows`."""
        chosen = rows.tolist()
        return Messages(
            self.origin.only(rows),
            [self.values[row] for row in chosen],
            [self.keys[row] for row in chosen],
        )

    def where(self, chosen: Flags) -> Messages:
        """Those that are chosen: itself where all are."""
        return self if chosen.all() else self.only(np.flatnonzero(chosen))

    def without(self, lost: Collection[tuple[str, int]]) -> Messages:
        """What remains when these partitions went to somebody else: itself where none of it did."""
        gone = [partition for topic, partition in lost if topic == self.topic]
        return self.where(~np.isin(self.origin.partitions, gone)) if gone else self


def together(parts: Sequence[Messages]) -> Messages:
    """One behind the other. All are of one topic."""
    if len(parts) == 1:
        return parts[0]
    origin = Origin(
        parts[0].topic,
        np.concatenate([part.origin.partitions for part in parts]),
        np.concatenate([part.origin.offsets for part in parts]),
    )
    return Messages(origin, _chained(part.values for part in parts), _chained(part.keys for part in parts))


def _chained(parts: Iterable[Sequence[bytes | None]]) -> list[bytes | None]:
    return list(chain.from_iterable(parts))


def messages_of(topic: str, messages: Iterable[Message]) -> Messages:
    """The same, side by side. All are of `topic`."""
    said = list(messages)
    partitions = np.array([message.partition for message in said], np.int64)
    offsets = np.array([message.offset for message in said], np.int64)
    origin = Origin(topic, partitions, offsets)
    return Messages(origin, [message.value for message in said], [message.key for message in said])


def by_topic(polled: Sequence[KafkaMessage]) -> Sequence[Messages]:
    """What Kafka's client gave, without an error among them."""
    names = list(map(KafkaMessage.topic, polled))
    topics = dict.fromkeys(names)  # none where nothing was given
    if len(topics) == 1:
        return [_side_by_side(names[0], polled)]
    return [
        _side_by_side(topic, [one for one, name in zip(polled, names, strict=True) if name == topic])
        for topic in topics
    ]


def _side_by_side(topic: str | None, polled: Sequence[KafkaMessage]) -> Messages:
    # No error, so each has a place.
    count, of = len(polled), cast("Any", KafkaMessage)
    partitions = np.fromiter(map(of.partition, polled), np.int64, count)
    offsets = np.fromiter(map(of.offset, polled), np.int64, count)
    origin = Origin(cast("str", topic), partitions, offsets)
    return Messages(origin, list(map(of.value, polled)), list(map(of.key, polled)))
