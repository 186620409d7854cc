"""What the topics say of targets, and of what was said before: read whole at the start."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import structlog
from confluent_kafka import Message

from processors.alerts.desk import AlertDesk
from processors.alerts.reading import TopicReader
from processors.alerts.targets import Version, version_of
from processors.alerts.turn import Turn
from schemas.codec import Codec, Record
from schemas.errors import DecodeError
from schemas.events import TargetsPublished
from schemas.topics import ALERTS, DUE, TARGETS
from schemas.views import AlertRow, DueRow

log = structlog.get_logger("alerts")
_WAIT_S = 0.25


class TopicLoader:
    """Reads topics from their beginning to their end, for as long as it is our turn."""

    def __init__(self, reader: TopicReader, codec: Codec, turn: Turn, stop: threading.Event) -> None:
        self._reader = reader
        self._codec = codec
        self._turn = turn
        self._stop = stop

    def load(self, desk: AlertDesk) -> None:
        """Fill `desk`; after a stop maybe not with all of it. Raises TurnLost or KafkaException."""
        for version in self.versions():
            desk.take_version(version)
        for row in self.latest(ALERTS):
            if isinstance(row, AlertRow):
                desk.take_said(row)
        for row in self.latest(DUE):
            if isinstance(row, DueRow):
                desk.due.take_said(row)

    def versions(self) -> Iterator[Version]:
        """Every version of the targets that was published."""
        for _, event in self._rows(TARGETS):
            if isinstance(event, TargetsPublished):
                yield version_of(event)

    def whole(self, *topics: str) -> Iterator[Message]:
        """All that stands in `topics`; to a stop, or their end."""
        self._reader.begin(*topics)
        while not self._reader.is_at_end and not self._stop.is_set():
            self._turn.keep()
            yield from self._reader.read(_WAIT_S)

    def decoded(self, message: Message) -> Record | None:
        """What it says; None, and an error in the log, where that cannot be read."""
        value = message.value()
        try:
            return None if value is None else self._codec.decode(bytes(value))
        except DecodeError as error:
            place = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
            log.error("message_unreadable", reason=str(error), **place)
            return None

    def _rows(self, topic: str) -> Iterator[tuple[bytes, Record | None]]:
        for message in self.whole(topic):
            yield bytes(message.key() or b""), self.decoded(message)

    def latest(self, topic: str) -> list[Record]:
        """Of each key of a compacted topic the last row, in the order of the topic."""
        found: dict[bytes, Record] = {}
        for key, row in self._rows(topic):
            found.pop(key, None)
            if row is not None:
                found[key] = row
        return list(found.values())
