"""Which messages of the audit topic a repository is told of."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.codec import Codec
from schemas.events import AccessRecorded
from sinks.delivering.events import EventReader
from sinks.delivering.job import Wanted


class Selection:
    """Every access; none waits for another."""

    def __init__(self, codec: Codec) -> None:
        self._events = EventReader(codec, [AccessRecorded])

    def choose(self, messages: Sequence[tuple[bytes | str | None, bytes | None]]) -> list[Sequence[Wanted]]:
        """As Choose has it. Raises RegistryUnavailable."""
        events = [self._events.read(kind, value) for kind, value in messages]
        return [[] if event is None else [Wanted(event.envelope.event_id, event)] for event in events]
