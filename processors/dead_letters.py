"""Dead letters of the fold: the message, sealed, with the reason."""

from __future__ import annotations

from datetime import datetime

from processors.fold import Rejected
from schemas.deadletters import DeadLetter
from schemas.parts import Source
from schemas.phi import KeyRing
from schemas.sealed_letters import FOLD, KafkaPlace, dead_letter_of
from schemas.topics import EVENTS


def dead_letter(rejected: Rejected, ring: KeyRing, site: str, recorded_at: datetime) -> DeadLetter:
    """The dead letter of a message of the event log; the same message gives the same id."""
    message = rejected.message
    return dead_letter_of(
        ring,
        identity=("dead-letter", FOLD, EVENTS, str(message.partition), str(message.offset)),
        origin=FOLD,
        reason=rejected.reason,
        detail=rejected.detail,
        recorded_at=recorded_at,
        source=Source(system="radstream", facility=site, protocol="Kafka"),
        source_message_id=f"{EVENTS}/{message.partition}/{message.offset}",
        content_type="application/avro",
        payload=message.value or b"",
        place=KafkaPlace(topic=EVENTS, partition=message.partition, key=message.key),
    )


class CircuitBreaker:
    """Opens when the share of dead letters says that the fault is ours, not the messages'."""

    def __init__(self, window: int = 200, share: float = 0.5) -> None:
        """Opens when more than `share` of the last `window` messages were rejected."""
        self._window = window
        self._share = share
        self._seen = 0
        self._rejected = 0

    def record(self, seen: int, rejected: int) -> bool:
        """Count a batch; True when the breaker is open. Old batches fade by halving."""
        self._seen += seen
        self._rejected += rejected
        is_open = self._seen >= self._window and self._rejected > self._share * self._seen
        if self._seen >= 2 * self._window:
            self._seen //= 2
            self._rejected //= 2
        return is_open
