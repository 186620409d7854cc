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
    origin: hl7, dicom, fold, clickhouse: the part that gave up.
    reason: Class of the error, for counting: UnknownMessageType, MissingAccession, ...
    detail: What was wrong, without PHI.
    recorded_at: When, UTC.
    source: Who sent it.
    source_message_id: Its own id, empty where it has none.
    content_type: Media type of the payload: x-application/hl7-v2+er7, application/dicom,
        application/avro.
    payload: The raw bytes, encrypted under the site's dead-letter key, bound to dead_letter_id.
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
        )
