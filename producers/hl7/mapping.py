"""A message to its events: pure, and the same message gives the same event ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from producers.hl7.appointments import appointment_events
from producers.hl7.context import Context, MappingConfig
from producers.hl7.documents import document_events
from producers.hl7.merges import MERGE_TRIGGERS
from producers.hl7.message import Message
from producers.hl7.orders import order_events
from producers.hl7.registration import registration_events
from producers.hl7.rejections import UnknownMessageType
from producers.hl7.report_steps import DOCUMENT_TRIGGERS
from producers.hl7.reports import alert_events, report_events
from producers.hl7.trace import Notice, Trace
from producers.hl7.visit_steps import APPOINTMENT_TRIGGERS, REGISTRATION_TRIGGERS
from schemas.events import Event
from schemas.phi import KeyRing

Mapper = Callable[[Context], list[Event]]

MAPPER_OF_TYPE: Mapping[tuple[str, str], Mapper] = {
    **{("ADT", trigger): partial(registration_events, trigger=trigger) for trigger in REGISTRATION_TRIGGERS},
    **{("ADT", trigger): mapper for trigger, (_, mapper, _) in MERGE_TRIGGERS.items()},
    ("ORM", "O01"): order_events,
    ("OMG", "O19"): order_events,
    ("OMI", "O23"): order_events,
    **{("SIU", trigger): partial(appointment_events, trigger=trigger) for trigger in APPOINTMENT_TRIGGERS},
    ("ORU", "R01"): report_events,
    ("ORU", "R30"): report_events,
    ("ORU", "R31"): report_events,
    ("ORU", "R32"): report_events,
    ("ORU", "R40"): alert_events,
    **{("MDM", trigger): partial(document_events, trigger=trigger) for trigger in DOCUMENT_TRIGGERS},
}
_KNOWN_CODES = frozenset(code for code, _ in MAPPER_OF_TYPE)
# Version 2.1 names no trigger in MSH-9: these have one only, ADT has it in EVN-1.
_ONLY_TRIGGER: Mapping[str, str] = {"ORM": "O01", "OMG": "O19", "OMI": "O23", "ORU": "R01"}


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a message gives. warnings: what its sender should mend, without PHI.

    silences: what was accepted and gives no event, and why.
    """

    events: list[Event]
    warnings: list[Notice]
    silences: list[Notice]


def map_message(message: Message, config: MappingConfig, ring: KeyRing, recorded_at: datetime) -> list[Event]:
    """The events that `message` states, learned of at `recorded_at` (UTC).

    `ring` seals what identifies the patient. Raises Rejected.
    """
    return map_traced(message, config, ring, recorded_at, Trace()).events


def map_traced(
    message: Message, config: MappingConfig, ring: KeyRing, recorded_at: datetime, trace: Trace
) -> Mapped:
    """As `map_message`, with what was noticed. What `trace` has is of use where it raises, too."""
    if not message.as_declared:
        detail = f"bytes are not what MSH-18 says: read as {message.codec}"
        trace.warn("wrong_character_set", "MSH-18", detail)
    mapper = mapper_of(message)
    events = mapper(Context.of(message, config, ring, recorded_at, trace))
    return Mapped(events, trace.warnings, trace.silences)


def mapper_of(message: Message) -> Mapper:
    """By message code and trigger event (MSH-9.1 and MSH-9.2). Raises UnknownMessageType."""
    code, trigger = type_of(message)
    mapper = MAPPER_OF_TYPE.get((code, trigger))
    if mapper is None:
        shown = f"{code[:8]}^{trigger[:8]}"
        raise UnknownMessageType(f"no mapping for {shown}", is_trigger=code in _KNOWN_CODES)
    return mapper


def type_of(message: Message) -> tuple[str, str]:
    """Message code and trigger event; 2.1 has the trigger elsewhere, or leaves it out."""
    code, trigger = message.header.value(9), message.header.value(9, 2)
    if not trigger:
        trigger = message.get("EVN-1") if code == "ADT" else _ONLY_TRIGGER.get(code, "")
    return code, trigger
