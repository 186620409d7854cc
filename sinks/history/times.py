"""When a message of the log happened, and when it was recorded, by its envelope. Pure but for the codec."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from schemas.codec import Codec
from schemas.errors import DecodeError, UnknownRecord
from schemas.parts import Envelope

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Times(NamedTuple):
    """Microseconds since the epoch, UTC."""

    occurred_us: int
    recorded_us: int


def times_of(codec: Codec, value: bytes | None, kafka_ms: int) -> Times:
    """The envelope's; where the value is no event, when Kafka had it (`kafka_ms`) for both.

    Raises SchemaError where the registry gives no answer.
    """
    envelope = None if value is None else _envelope_of(codec, value)
    if envelope is None:
        return Times(kafka_ms * 1000, kafka_ms * 1000)
    return Times(microseconds(envelope.occurred_at), microseconds(envelope.recorded_at))


def microseconds(instant: datetime) -> int:
    """Since the epoch."""
    return (instant - _EPOCH) // _MICROSECOND


def _envelope_of(codec: Codec, value: bytes) -> Envelope | None:
    try:
        found = getattr(codec.decode(value), "envelope", None)
    except UnknownRecord:
        return _of_a_later_version(codec, value)
    except DecodeError:
        return None
    return found if isinstance(found, Envelope) else None


def _of_a_later_version(codec: Codec, value: bytes) -> Envelope | None:
    try:
        return codec.decode_unknown_event(value)[1]
    except DecodeError:
        return None
