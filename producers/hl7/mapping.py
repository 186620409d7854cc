"""A message to its events: pure, and the same message gives the same event ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from producers.hl7.context import Context, MappingConfig, patient_of
from producers.hl7.message import Message
from producers.hl7.orders import order_events
from producers.hl7.registration import patient_registered
from producers.hl7.rejections import UnknownMessageType
from producers.hl7.reports import report_events
from schemas.events import Event
from schemas.phi import KeyRing

MAPPER_OF_TYPE: Mapping[tuple[str, str], Callable[[Context], list[Event]]] = {
    ("ADT", "A04"): patient_registered,
    ("ORM", "O01"): order_events,
    ("ORU", "R01"): report_events,
}
_KNOWN_CODES = frozenset(code for code, _ in MAPPER_OF_TYPE)


def map_message(message: Message, config: MappingConfig, ring: KeyRing, recorded_at: datetime) -> list[Event]:
    """The events that `message` states, learned of at `recorded_at` (UTC).

    `ring` seals what identifies the patient. Raises Rejected.
    """
    mapper = mapper_of(message)
    patient = patient_of(message, config)
    return mapper(Context(message, config, ring, recorded_at, patient))


def mapper_of(message: Message) -> Callable[[Context], list[Event]]:
    """By message code and trigger event (MSH-9.1 and MSH-9.2). Raises UnknownMessageType."""
    code, trigger = message.get("MSH-9.1"), message.get("MSH-9.2")
    mapper = MAPPER_OF_TYPE.get((code, trigger))
    if mapper is None:
        shown = f"{code[:8]}^{trigger[:8]}"
        raise UnknownMessageType(f"no mapping for {shown}", is_trigger=code in _KNOWN_CODES)
    return mapper
