"""Which messages of the log are a destination's business."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.codec import Codec
from schemas.errors import DecodeError
from schemas.events import EVENT_CLASSES, Event
from sinks.delivering.job import Wanted
from sinks.hl7.destinations import Destination


class Selection:
    """Looks at the type in the header first: most of the log needs no decoding."""

    def __init__(self, destination: Destination, codec: Codec) -> None:
        self._destination = destination
        self._codec = codec
        self._names = {cls.AVRO_NAME.encode() for cls in destination.events}

    def choose(self, messages: Sequence[tuple[bytes | str | None, bytes | None]]) -> list[Sequence[Wanted]]:
        """As Choose has it: of one exam the next waits for the one before."""
        events = [self.event_of(kind, value) for kind, value in messages]
        return [[] if event is None else [Wanted(event.envelope.exam_id, event)] for event in events]

    def event_of(self, kind: bytes | str | None, value: bytes | None) -> Event | None:
        """The event to send, or None; `kind` is the header ce_type.

        What cannot be decoded is the fold's to dead-letter.

        Raises RegistryUnavailable where the registry has to be asked and gives no answer.
        """
        if value is None or (kind is not None and kind not in self._names):
            return None
        try:
            record = self._codec.decode(value)
        except DecodeError:
            return None
        if not isinstance(record, EVENT_CLASSES) or type(record) not in self._destination.events:
            return None
        return None if self._would_come_back(record) else record

    def _would_come_back(self, event: Event) -> bool:
        """Whether who receives has said it, or we have: sent, it would go round for ever."""
        said_by = (event.envelope.source.system, event.envelope.source.facility)
        to = self._destination
        theirs = (to.receiving_application, to.receiving_facility)
        return said_by in (theirs, (to.sending_application, to.sending_facility)) and said_by[0] != ""
