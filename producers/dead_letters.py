"""Dead letters of what came in and could not become events: sealed, with the reason, without PHI."""

from __future__ import annotations

import hashlib
from datetime import datetime

from schemas.deadletters import DeadLetter
from schemas.identity import event_id
from schemas.parts import Source
from schemas.phi import KeyRing, seal_bytes

SUBJECT = "deadletters"
# Kafka takes 1 MB per record by default; the rest of the letter needs a little.
PAYLOAD_LIMIT_BYTES = 900_000


def dead_letter(
    ring: KeyRing,
    *,
    origin: str,
    reason: str,
    detail: str,
    source: Source,
    source_message_id: str,
    content_type: str,
    payload: bytes,
    recorded_at: datetime,
) -> DeadLetter:
    """The dead letter of `payload`; the same payload with the same reason gives the same id.

    A payload over PAYLOAD_LIMIT_BYTES is kept as far as that, and `detail` says so.
    """
    digest = hashlib.sha256(payload).hexdigest()
    letter_id = event_id("dead-letter", origin, reason, digest)
    if len(payload) > PAYLOAD_LIMIT_BYTES:
        detail = f"{detail}; first {PAYLOAD_LIMIT_BYTES} of {len(payload)} bytes, sha256 {digest}"
    return DeadLetter(
        dead_letter_id=letter_id,
        origin=origin,
        reason=reason,
        detail=detail,
        recorded_at=recorded_at,
        source=source,
        source_message_id=source_message_id,
        content_type=content_type,
        payload=seal_bytes(ring, SUBJECT, letter_id, payload[:PAYLOAD_LIMIT_BYTES]),
    )
