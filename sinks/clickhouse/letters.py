"""Dead letters of the sink: what could not become a row, kept sealed in Kafka with the reason."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple, Protocol

from confluent_kafka import KafkaException, Producer

from schemas import topics
from schemas.codec import Codec, Record
from schemas.deadletters import DeadLetter
from schemas.errors import PhiError
from schemas.parts import Envelope, Source
from schemas.phi import KeyRing
from schemas.sealed_letters import CLICKHOUSE, KafkaPlace, dead_letter_of
from sinks.clickhouse.errors import Unavailable
from sinks.clickhouse.messages import Message

CONTENT_TYPE = "application/avro"
_DELIVERY_TIMEOUT_S = 10.0


class Rejected(NamedTuple):
    """A message that cannot become a row. `record` is what it holds, where it could be decoded."""

    message: Message
    reason: str
    record: Record | None = None


class LetterBox(Protocol):
    """Where rejected messages go."""

    def post(self, rejected: Sequence[Rejected]) -> None:
        """Keep them durably. Raises Unavailable."""


def dead_letter(ring: KeyRing, rejected: Rejected, now: datetime) -> DeadLetter:
    """The dead letter of a rejected message; the same message always gives the same id."""
    message = rejected.message
    payload = message.value or b""
    envelope = getattr(rejected.record, "envelope", None)
    known = envelope if isinstance(envelope, Envelope) else None
    return dead_letter_of(
        ring,
        identity=(CLICKHOUSE, hashlib.sha256(payload).hexdigest()),
        origin=CLICKHOUSE,
        reason=rejected.reason,
        detail=f"{message.topic}, partition {message.partition}, offset {message.offset}",
        recorded_at=now,
        source=known.source if known else Source(system="", facility="", protocol="radstream"),
        source_message_id=known.source_message_id if known else "",
        content_type=CONTENT_TYPE,
        payload=payload,
        place=KafkaPlace(topic=message.topic, partition=message.partition, key=message.key),
    )


class KafkaLetterBox:
    """Dead letters to their topic; `post` returns when Kafka has acknowledged them all."""

    def __init__(self, producer: Producer, codec: Codec, ring: KeyRing) -> None:
        """`producer` must be set to acks=all."""
        self._producer = producer
        self._codec = codec
        self._ring = ring

    def post(self, rejected: Sequence[Rejected]) -> None:
        """Keep them durably. Raises Unavailable."""
        failed: list[str] = []

        def answered(error: object, _message: object) -> None:
            if error is not None:
                failed.append(str(error))

        try:
            for one in rejected:
                letter = dead_letter(self._ring, one, datetime.now(UTC))
                self._producer.produce(
                    topics.DEADLETTERS,
                    key=letter.dead_letter_id,
                    value=self._codec.encode(letter),
                    headers=[("content-type", CONTENT_TYPE.encode())],
                    on_delivery=answered,
                )
            unanswered = self._producer.flush(_DELIVERY_TIMEOUT_S)
        except (KafkaException, BufferError, PhiError, OSError) as error:
            raise Unavailable(f"dead letters: {type(error).__name__}: {error}") from error
        if unanswered or failed:
            raise Unavailable(f"dead letters: {failed[0] if failed else 'no answer from Kafka'}")
