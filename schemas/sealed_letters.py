"""How every room makes a dead letter: its id, its payload sealed, its bound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.deadletters import DeadLetter
from schemas.identity import event_id
from schemas.parts import Source
from schemas.phi import KeyRing, open_bytes, seal_bytes
from schemas.topics import DEADLETTER_RECORD_BYTES

# Whose data key seals a payload that is a message of ours: what it says of a patient is sealed in it as well.
KEY_SUBJECT = "deadletters"
# What of a record is not payload: names, reasons, the tag of the cipher, Kafka's own framing.
_REST_BYTES = 256 * 1024
PAYLOAD_LIMIT_BYTES = DEADLETTER_RECORD_BYTES - _REST_BYTES
_DETAIL_LIMIT = 2_000

HL7, DICOM, FOLD, CLICKHOUSE = "hl7", "dicom", "fold", "clickhouse"
HL7_OUT, DICOM_OUT, WEBHOOK = "hl7-out", "dicom-out", "webhook"
ORIGINS = (HL7, DICOM, FOLD, CLICKHOUSE, HL7_OUT, DICOM_OUT, WEBHOOK)
# What came from outside, in clear. Each such letter has a key of its own: it is not a patient's, for who is
# meant may be what was wrong, and yet an erasure has to be able to close this letter and no other.
RAW_ORIGINS = frozenset({HL7, DICOM})
# Since 0.2 the record says whether it is whole; before, a letter that was cut said so in its detail.
_CUT_BEFORE = "; first "


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaPlace:
    """Where a message of Kafka stood, and its key."""

    topic: str
    partition: int
    key: bytes | None


def dead_letter_of(
    ring: KeyRing,
    *,
    identity: Sequence[str],
    origin: str,
    reason: str,
    detail: str,
    source: Source,
    source_message_id: str,
    content_type: str,
    payload: bytes,
    recorded_at: datetime,
    is_whole: bool = True,
    place: KafkaPlace | None = None,
    destination: str | None = None,
) -> DeadLetter:
    """The dead letter of `payload`; the same `identity` gives the same id.

    A payload over PAYLOAD_LIMIT_BYTES, larger than any listener takes by default, is kept as far as that;
    `detail` and `is_whole` say so. `is_whole=False`: the payload is the beginning of something already.
    Raises PhiError or OSError where it cannot be sealed.
    """
    letter_id = event_id(*identity)
    if len(payload) > PAYLOAD_LIMIT_BYTES:
        detail = f"{detail}; first {PAYLOAD_LIMIT_BYTES} of {len(payload)} bytes"
    return DeadLetter(
        dead_letter_id=letter_id,
        origin=origin,
        reason=reason,
        detail=detail[:_DETAIL_LIMIT],
        recorded_at=recorded_at,
        source=source,
        source_message_id=source_message_id,
        content_type=content_type,
        payload=seal_bytes(ring, key_subject(origin, letter_id), letter_id, payload[:PAYLOAD_LIMIT_BYTES]),
        is_whole=is_whole and len(payload) <= PAYLOAD_LIMIT_BYTES,
        kafka_topic=place.topic if place else None,
        kafka_partition=place.partition if place else None,
        kafka_key=place.key if place else None,
        destination=destination,
    )


def key_subject(origin: str, dead_letter_id: str) -> str:
    """Whose data key seals the payload of a letter of this origin."""
    return f"{KEY_SUBJECT}|{dead_letter_id}" if origin in RAW_ORIGINS else KEY_SUBJECT


def payload_of(ring: KeyRing, letter: DeadLetter) -> bytes:
    """What was sealed. Raises KeyNotFound or WrongKey."""
    return open_bytes(ring, letter.dead_letter_id, letter.payload)


def is_whole(letter: DeadLetter) -> bool:
    """Whether the payload is all of what came."""
    if letter.is_whole is None:
        return _CUT_BEFORE not in letter.detail
    return letter.is_whole
