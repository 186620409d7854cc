"""Messages of the two topics to what the reconciler takes."""

from __future__ import annotations

from typing import cast

from confluent_kafka import Message

from processors.reconciler.core import Reconciler
from processors.reconciler.derived import PATIENT_EVENTS, PROTOCOL
from schemas.codec import Codec
from schemas.events import Event
from schemas.identity import is_exam
from schemas.topics import WORKLIST
from schemas.views import WorklistRow

_PATIENT_TYPES = frozenset(cls.AVRO_NAME.encode() for cls in PATIENT_EVENTS)


class Intake:
    """Gives each message to the reconciler; most events are none of its business, and not even decoded."""

    def __init__(self, reconciler: Reconciler, codec: Codec) -> None:
        """`codec` reads both topics."""
        self._reconciler = reconciler
        self._codec = codec

    def take(self, message: Message) -> list[Event]:
        """What has to be said because of `message`. Raises DecodeError."""
        key, value = message.key(), message.value()
        if key is None or value is None:
            return []
        if message.topic() == WORKLIST:
            row = self._codec.decode(bytes(value))
            return self._reconciler.take_row(row) if isinstance(row, WorklistRow) else []
        return self._take_event(bytes(key), bytes(value), _headers(message))

    def _take_event(self, key: bytes, value: bytes, headers: dict[str, bytes]) -> list[Event]:
        if is_exam(key.decode(errors="replace")):
            if headers.get("ce_source", b"").endswith(f"/{PROTOCOL}".encode()):
                self._reconciler.note_said(headers.get("ce_id", b"").decode(errors="replace"))
            return []
        if headers.get("ce_type", b"") not in _PATIENT_TYPES:
            return []
        event = self._codec.decode(value)
        return self._reconciler.take_patient_event(event) if isinstance(event, PATIENT_EVENTS) else []


def _headers(message: Message) -> dict[str, bytes]:
    found = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    return {name: value for name, value in found if value is not None}
