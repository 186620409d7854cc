"""The dead letters as their topic has them: which are open, and what became of the others.

What is said of one letter stands in one partition (its id is the key), in the order in which it was said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.codec import Codec, Record
from schemas.deadletters import DeadLetter, DeadLetterResolved
from schemas.errors import DecodeError
from schemas.kafka_asking import QUIET, TELLS_ENDS, asking_settings, log_bounds, messages_before
from schemas.parts import SealedPhi
from schemas.topics import DEADLETTER_RECORD_BYTES, DEADLETTERS

_TIMEOUT_S = 10.0
_NOTHING = SealedPhi(key_id="", nonce=b"", ciphertext=b"")


Place = tuple[int, int]
"""Partition and offset."""


class LettersUnreadable(Exception):
    """Kafka does not give them."""


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """One dead letter. `letter` is without its payload, `payload_bytes` tells how much it is, sealed.

    partition, offset: of its last copy. count: how often it was written.
    resolved: what ended it, None while it is open.
    """

    letter: DeadLetter
    partition: int
    offset: int
    payload_bytes: int
    count: int = 1
    resolved: DeadLetterResolved | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which letters: None means any."""

    origin: str | None = None
    reason: str | None = None
    since: datetime | None = None
    with_resolved: bool = False

    def takes(self, kept: KeptLetter) -> bool:
        """Whether `kept` is one of them."""
        letter = kept.letter
        return (
            (self.with_resolved or kept.resolved is None)
            and self.origin in (None, letter.origin)
            and self.reason in (None, letter.reason)
            and (self.since is None or letter.recorded_at >= self.since)
        )


def fold_letters(
    records: Iterable[tuple[Place, Record]], known: Mapping[str, KeptLetter] | None = None
) -> dict[str, KeptLetter]:
    """By id what the topic, each partition in its order, says of each letter, after what is `known`. Pure."""
    found: dict[str, KeptLetter] = dict(known or {})
    for (partition, offset), record in records:
        if isinstance(record, DeadLetter):
            before = found.get(record.dead_letter_id)
            size = len(record.payload.ciphertext)
            bare = replace(record, payload=_NOTHING)
            count = before.count + 1 if before else 1
            found[record.dead_letter_id] = KeptLetter(bare, partition, offset, size, count)
        elif isinstance(record, DeadLetterResolved) and record.dead_letter_id in found:
            of = found[record.dead_letter_id]
            found[record.dead_letter_id] = replace(of, resolved=record)
    return found


def read_letters(bootstrap: str, codec: Codec) -> dict[str, KeptLetter]:
    """All letters that stand in the topic now. Raises LettersUnreadable."""
    return LetterShelf(bootstrap, codec).letters()


class LetterShelf:
    """The letters, without payload: each look reads what was written since the last one. For one thread."""

    def __init__(self, bootstrap: str, codec: Codec) -> None:
        """Nothing is read before the first look."""
        self._bootstrap = bootstrap
        self._codec = codec
        self._found: dict[str, KeptLetter] = {}
        self._next: dict[int, int] = {}

    def letters(self) -> dict[str, KeptLetter]:
        """All that stand in the topic. Raises LettersUnreadable."""
        with _consumer(self._bootstrap) as consumer:
            for partition, (low, high) in _bounds(consumer).items():
                start = max(low, self._next.get(partition, low))
                read = _records(consumer, self._codec, partition, start, high)
                self._found = fold_letters(read, self._found)
                self._next[partition] = high
        return self._found


def _bounds(consumer: Consumer) -> dict[int, tuple[int, int]]:
    known = consumer.list_topics(DEADLETTERS, timeout=_TIMEOUT_S).topics[DEADLETTERS].partitions
    return {
        partition: log_bounds(consumer, TopicPartition(DEADLETTERS, partition), _TIMEOUT_S)
        for partition in known
    }


def read_letter(bootstrap: str, codec: Codec, kept: KeptLetter) -> DeadLetter:
    """The letter with its payload. Raises LettersUnreadable."""
    with _consumer(bootstrap) as consumer:
        for _, record in _records(consumer, codec, kept.partition, kept.offset, kept.offset + 1):
            if isinstance(record, DeadLetter):
                return record
    raise LettersUnreadable(f"no dead letter at offset {kept.offset}")


def _records(
    consumer: Consumer, codec: Codec, partition: int, low: int, high: int
) -> Iterator[tuple[Place, Record]]:
    place = TopicPartition(DEADLETTERS, partition, low)
    for message in messages_before(consumer, place, high, _TIMEOUT_S):
        value = message.value()
        if value is not None:
            try:
                yield (partition, message.offset() or 0), codec.decode(value)
            except DecodeError:
                continue  # of a newer version of us: that one shows it


@contextmanager
def _consumer(bootstrap: str) -> Iterator[Consumer]:
    consumer = Consumer(
        asking_settings(bootstrap, "radstream-deadletters")
        | QUIET
        | TELLS_ENDS
        | {
            "fetch.message.max.bytes": DEADLETTER_RECORD_BYTES,
            "queued.max.messages.kbytes": 2 * DEADLETTER_RECORD_BYTES // 1024,
        }
    )
    try:
        yield consumer
    except KafkaException as error:
        raise LettersUnreadable(f"Kafka: {error.args[0].str()}") from error
    finally:
        consumer.close()
