"""Dead letters of what came in and could not become events: sealed, with the reason, without PHI."""

from __future__ import annotations

import hashlib
from datetime import datetime

from schemas.deadletters import DeadLetter
from schemas.parts import Source
from schemas.phi import KeyRing
from schemas.sealed_letters import dead_letter_of


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
    is_whole: bool = True,
) -> DeadLetter:
    """The dead letter of `payload`; the same payload with the same reason gives the same id.

    `is_whole=False`: `payload` is only the beginning of what came.
    """
    digest = hashlib.sha256(payload).hexdigest()
    return dead_letter_of(
        ring,
        identity=("dead-letter", origin, reason, digest),
        origin=origin,
        reason=reason,
        detail=detail,
        source=source,
        source_message_id=source_message_id,
        content_type=content_type,
        payload=payload,
        recorded_at=recorded_at,
        is_whole=is_whole,
    )
