"""Archived events as people read them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from schemas.codec import Codec
from schemas.errors import DecodeError, PhiError
from schemas.events import EVENT_CLASSES, Event
from schemas.phi import KeyRing, open_sealed
from sinks.archive.exam_search import Found
from sinks.archive.merkle import leaf_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Readable:
    """One event. record: its fields, or None where it cannot be read. leaf: what is proven, hexadecimal.

    names: who the patient is, where that was asked for and can be opened; else None.
    """

    type_name: str
    where: str
    occurred_at: datetime | None
    recorded_at: datetime | None
    source: str
    leaf: str
    value_sha256: str
    record: dict[str, Any] | None
    names: dict[str, Any] | None
    proven: bool

    @property
    def event(self) -> str:
        """The event's name."""
        return self.type_name.rpartition(".")[2]

    def document(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "event": self.type_name,
            "at": self.where,
            "leaf": self.leaf,
            "value_sha256": self.value_sha256,
            "proven": self.proven,
            "record": self.record,
            "names": self.names,
        }


def readable(found: Found, codec: Codec, ring: KeyRing | None) -> Readable:
    """The event in a message; opened with `ring`, where there is one. Raises RegistryUnavailable,
    KeyRingUnusable.
    """
    value = found.message.value or b""
    event = _decoded(codec, value)
    envelope = event.envelope if event is not None else None
    return Readable(
        type_name=event.AVRO_NAME if event is not None else _said_type(found),
        where=f"{found.place}@{found.message.offset}",
        occurred_at=envelope.occurred_at if envelope else None,
        recorded_at=envelope.recorded_at if envelope else None,
        source=f"{envelope.source.system} {envelope.source.protocol}".strip() if envelope else "",
        leaf=leaf_hash(found.record).hex(),
        value_sha256=sha256(value).hexdigest(),
        record=_plain(event.to_record()) if event is not None else None,
        names=_names(event, ring) if event is not None and ring is not None else None,
        proven=found.proof is not None,
    )


def _decoded(codec: Codec, value: bytes) -> Event | None:
    try:
        record = codec.decode(value)
    except DecodeError:
        return None
    return record if isinstance(record, EVENT_CLASSES) else None


def _said_type(found: Found) -> str:
    """What the message's header says that it is."""
    said = dict(found.message.headers).get("ce_type")
    return said.decode("utf-8", "replace") if said else "unreadable"


def _names(event: Event, ring: KeyRing) -> dict[str, Any] | None:
    sealed = event.envelope.phi
    if sealed is None:
        return None
    try:
        return dict(_plain(open_sealed(ring, event.envelope.event_id, sealed).to_record()))
    except PhiError as error:
        return {"closed": type(error).__name__}


def _plain(value: Any) -> Any:
    """Bytes as base64, all else as JSON has it."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
