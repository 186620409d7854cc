"""Facts: what one event states, as far as any view asks for it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from schemas.events import EVENT_CLASSES
from schemas.parts import Envelope

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Value = str | int | float

KNOWN_STEPS = frozenset(cls.__name__ for cls in EVENT_CLASSES)
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def to_us(instant: datetime) -> int:
    """Microseconds since the epoch."""
    since = instant - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def from_us(microseconds: int) -> datetime:
    """The instant, UTC."""
    return EPOCH + timedelta(microseconds=microseconds)


def canonical_id(event_id: str) -> str:
    """An event_id as the state keeps it: lower case. Raises ValueError where it is no UUID."""
    if _UUID.fullmatch(event_id):
        return event_id
    try:
        return str(UUID(event_id))
    except ValueError:
        raise ValueError("an event_id that is no UUID") from None


@dataclass(slots=True)
class Fact:
    """What one event states: never changed, `attributes` in the order of their names.

    Times in microseconds since the epoch, UTC.

    Not a frozen class, whose initialiser costs twice as much: a state has dozens of them.
    """

    event_id: str
    step: str
    occurred_us: int
    recorded_us: int
    site: str
    patient_key: str | None
    corrects: str | None
    attributes: Mapping[str, Value]

    def order(self) -> tuple[object, ...]:
        """A total order, so that two deliveries of one event join to the same fact: the smallest stays.

        The one that tells most comes first: an older version of the fold may not have known what to ask for.
        """
        return (
            -len(self.attributes),
            self.recorded_us,
            self.occurred_us,
            self.step,
            self.site,
            self.patient_key or "",
            self.corrects or "",
            sorted((name, str(value)) for name, value in self.attributes.items()),
        )


def envelope_fact(step: str, envelope: Envelope, attributes: Mapping[str, Value]) -> Fact:
    """What an event called `step` states. Raises ValueError where its ids are no UUIDs."""
    return Fact(
        canonical_id(envelope.event_id),
        step,
        to_us(envelope.occurred_at),
        to_us(envelope.recorded_at),
        envelope.site,
        envelope.patient_key,
        None if envelope.corrects is None else canonical_id(envelope.corrects),
        attributes,
    )
