"""Which messages of the log are a destination's business."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.codec import Codec
from schemas.events import Event
from sinks.delivering.events import EventReader
from sinks.delivering.job import Wanted
from sinks.hl7.destinations import Destination


class Selection:
    """Its events, but for those that it said itself."""

    def __init__(self, destination: Destination, codec: Codec) -> None:
        self._destination = destination
        self._events = EventReader(codec, destination.events)

    def choose(self, messages: Sequence[tuple[bytes | str | None, bytes | None]]) -> list[Sequence[Wanted]]:
        """As Choose has it: of one exam the next waits for the one before."""
        events = [self.event_of(kind, value) for kind, value in messages]
        return [[] if event is None else [Wanted(event.envelope.exam_id, event)] for event in events]

    def event_of(self, kind: bytes | str | None, value: bytes | None) -> Event | None:
        """The event to send, or None. As EventReader has it."""
        event = self._events.read(kind, value)
        return None if event is None or self._would_come_back(event) else event

    def _would_come_back(self, event: Event) -> bool:
        """Whether who receives has said it, or we have: sent, it would go round for ever."""
        said_by = (event.envelope.source.system, event.envelope.source.facility)
        to = self._destination
        theirs = (to.receiving_application, to.receiving_facility)
        return said_by in (theirs, (to.sending_application, to.sending_facility)) and said_by[0] != ""
