"""What could not be processed.

Generated from `schemas/avro` by `python -m schemas.generate`: edit the contracts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from schemas.parts import SealedPhi, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetter:
    """Something that could not be processed, kept with the reason until it is driven again or thrown
    away.

    dead_letter_id: UUIDv5 of origin and payload: the same failure has one id.
    origin: hl7, dicom, fold, clickhouse, hl7-out, dicom-out, webhook: the part that gave up.
    reason: Class of the error, for counting: UnknownMessageType, MissingAccession, ...
    detail: What was wrong, without PHI.
    recorded_at: When, UTC.
    source: Who sent it.
    source_message_id: Its own id, empty where it has none.
    content_type: Media type of the payload: x-application/hl7-v2+er7, application/dicom,
        application/avro.
    payload: The raw bytes, encrypted under the site's dead-letter key, bound to dead_letter_id.
    is_whole: False where only the payload's beginning is kept, for it was larger than can be: such a
        letter cannot be driven again.
    kafka_topic: Topic that the payload came from, where it is a message of Kafka.
    kafka_partition: Its partition in that topic.
    kafka_key: Its key there.
    destination: Configured name of the system that it should have gone to, where it was on its way out.
    """

    AVRO_NAME: ClassVar[str] = "radstream.deadletters.DeadLetter"

    dead_letter_id: str
    origin: str
    reason: str
    detail: str
    recorded_at: datetime
    source: Source
    source_message_id: str
    content_type: str
    payload: SealedPhi
    is_whole: bool | None = None
    kafka_topic: str | None = None
    kafka_partition: int | None = None
    kafka_key: bytes | None = None
    destination: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "dead_letter_id": self.dead_letter_id,
            "origin": self.origin,
            "reason": self.reason,
            "detail": self.detail,
            "recorded_at": self.recorded_at,
            "source": self.source.to_record(),
            "source_message_id": self.source_message_id,
            "content_type": self.content_type,
            "payload": self.payload.to_record(),
            "is_whole": self.is_whole,
            "kafka_topic": self.kafka_topic,
            "kafka_partition": self.kafka_partition,
            "kafka_key": self.kafka_key,
            "destination": self.destination,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            dead_letter_id=record["dead_letter_id"],
            origin=record["origin"],
            reason=record["reason"],
            detail=record["detail"],
            recorded_at=record["recorded_at"],
            source=Source.from_record(record["source"]),
            source_message_id=record["source_message_id"],
            content_type=record["content_type"],
            payload=SealedPhi.from_record(record["payload"]),
            is_whole=record["is_whole"],
            kafka_topic=record["kafka_topic"],
            kafka_partition=record["kafka_partition"],
            kafka_key=record["kafka_key"],
            destination=record["destination"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetterResolved:
    """A dead letter was driven again and taken, or someone dismissed it. One that fails again after this
    is written to the topic again, and is open again.

    dead_letter_id: Which dead letter: its last one before this in the topic.
    resolution: What was done, in coded form: hl7-accepted, dicom-stored, republished, delivered,
        dismissed.
    resolved_at: When, UTC.
    answer: Answer of whom it was sent to, in coded form: AA, 0x0000.
    resolved_by: Who did it, pseudonym.
    """

    AVRO_NAME: ClassVar[str] = "radstream.deadletters.DeadLetterResolved"

    dead_letter_id: str
    resolution: str
    resolved_at: datetime
    answer: str | None = None
    resolved_by: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "dead_letter_id": self.dead_letter_id,
            "resolution": self.resolution,
            "resolved_at": self.resolved_at,
            "answer": self.answer,
            "resolved_by": self.resolved_by,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            dead_letter_id=record["dead_letter_id"],
            resolution=record["resolution"],
            resolved_at=record["resolved_at"],
            answer=record["answer"],
            resolved_by=record["resolved_by"],
        )
