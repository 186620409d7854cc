"""The dead letters as their topic has them: which are open, and what became of the others.

The topic has one partition, so its offsets tell in which order a letter was written, resolved, written again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from confluent_kafka import Consumer, KafkaException, TopicPartition

from schemas.codec import Codec, Record
from schemas.deadletters import DeadLetter, DeadLetterResolved
from schemas.errors import DecodeError
from schemas.parts import SealedPhi
from schemas.topics import DEADLETTER_RECORD_BYTES, DEADLETTERS

_TIMEOUT_S = 10.0
_PARTITION = 0
_NOTHING = SealedPhi(key_id="", nonce=b"", ciphertext=b"")


class LettersUnreadable(Exception):
    """Kafka does not give them."""


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """One dead letter. `letter` is without its payload, `payload_bytes` tells how much it is, sealed.

    offset: of its last copy. count: how often it was written. resolved: what ended it, None while it is open.
    """

    letter: DeadLetter
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


def fold_letters(records: Iterable[tuple[int, Record]]) -> dict[str, KeptLetter]:
    """By id what the topic, in order of its offsets, says of each letter. Pure."""
    found: dict[str, KeptLetter] = {}
    for offset, record in records:
        if isinstance(record, DeadLetter):
            before = found.get(record.dead_letter_id)
            size = len(record.payload.ciphertext)
            bare = replace(record, payload=_NOTHING)
            found[record.dead_letter_id] = KeptLetter(bare, offset, size, before.count + 1 if before else 1)
        elif isinstance(record, DeadLetterResolved) and record.dead_letter_id in found:
            of = found[record.dead_letter_id]
            found[record.dead_letter_id] = replace(of, resolved=record)
    return found


def read_letters(bootstrap: str, codec: Codec) -> dict[str, KeptLetter]:
    """All letters that stand in the topic now. Raises LettersUnreadable."""
    with _consumer(bootstrap) as consumer:
        low, high = consumer.get_watermark_offsets(TopicPartition(DEADLETTERS, _PARTITION), _TIMEOUT_S)
        return fold_letters(_records(consumer, codec, low, high))


def read_letter(bootstrap: str, codec: Codec, offset: int) -> DeadLetter:
    """The letter at `offset`, with its payload. Raises LettersUnreadable."""
    with _consumer(bootstrap) as consumer:
        for _, record in _records(consumer, codec, offset, offset + 1):
            if isinstance(record, DeadLetter):
                return record
    raise LettersUnreadable(f"no dead letter at offset {offset}")


def _records(consumer: Consumer, codec: Codec, low: int, high: int) -> Iterator[tuple[int, Record]]:
    if low >= high:
        return
    consumer.assign([TopicPartition(DEADLETTERS, _PARTITION, low)])
    next_offset = low
    while next_offset < high:
        message = consumer.poll(_TIMEOUT_S)
        if message is None:
            raise LettersUnreadable("Kafka gives no message that it has")
        error, offset, value = message.error(), message.offset(), message.value()
        if error is not None:
            raise LettersUnreadable(f"Kafka: {error.str()}")
        assert offset is not None  # noqa: S101 - no error, so a message
        next_offset = offset + 1
        if value is not None and offset < high:
            try:
                yield offset, codec.decode(value)
            except DecodeError:
                continue  # of a newer version of us: that one shows it


@contextmanager
def _consumer(bootstrap: str) -> Iterator[Consumer]:
    # It never subscribes and never commits, so it becomes no member of the group.
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "radstream-deadletters",
            "enable.auto.commit": False,
            "fetch.message.max.bytes": DEADLETTER_RECORD_BYTES,
            "queued.max.messages.kbytes": 2 * DEADLETTER_RECORD_BYTES // 1024,
            "error_cb": lambda _error: None,
            "log_level": 2,
        }
    )
    try:
        yield consumer
    except KafkaException as error:
        raise LettersUnreadable(f"Kafka: {error.args[0].str()}") from error
    finally:
        consumer.close()
