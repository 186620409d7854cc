"""Events as the analytics store has them, as events of the contracts again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from dashboards.changes import LoggedEvent
from schemas.contracts import EVENTS_NAMESPACE, contracts
from schemas.events import EVENT_CLASSES, Event
from schemas.parts import Envelope, Source

_CLASSES = {cls.__name__: cls for cls in EVENT_CLASSES}
# No view of an exam asks for it.
_SOURCE = Source(system="", facility="", protocol="")


def envelope_of(logged: LoggedEvent) -> Envelope:
    """The envelope, without its source."""
    return Envelope(
        event_id=logged.event_id,
        exam_id=logged.exam_id,
        occurred_at=logged.occurred_at,
        recorded_at=logged.recorded_at,
        source=_SOURCE,
        source_message_id="",
        site=logged.site,
        patient_key=logged.patient_key,
        corrects=logged.corrects,
        phi=logged.phi,
    )


def event_of(logged: LoggedEvent) -> Event | None:
    """The event without its source; None where no version that we know has it."""
    cls = _CLASSES.get(logged.event_type)
    if cls is None:
        return None
    try:
        known = {name: read(logged.fields.get(name)) for name, read in _readers(logged.event_type).items()}
        return cls(envelope=envelope_of(logged), **known)
    except (ValueError, TypeError):
        return None


@cache
def _readers(event_type: str) -> Mapping[str, Any]:
    """How each of the event's own fields is read from JSON."""
    own = contracts()[f"{EVENTS_NAMESPACE}.{event_type}"]["fields"]
    return {field["name"]: _instant if _is_time(field["type"]) else _plain for field in own[1:]}


def _is_time(avro: Any) -> bool:
    kinds = avro if isinstance(avro, list) else [avro]
    return any(isinstance(kind, dict) and "timestamp" in str(kind.get("logicalType")) for kind in kinds)


def _plain(value: Any) -> Any:
    return value


def _instant(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)
