"""Events and dead letters to Kafka: a publish has succeeded when Kafka has acknowledged all of it.

One producer is shared by all threads (an event loop has `producers.loop_publishing`); many publishes are in
flight at once. It is idempotent with acks=all (KIP-98), so a retry inside the producer neither doubles nor
reorders. After an error that librdkafka calls fatal, the next publish gets a new producer.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import Future

import structlog

from producers.kafka_connection import (
    Acknowledgements,
    PublisherConfig,
    PublishFailed,
    Record,
    RecordTooLarge,
    ServedConnection,
)
from producers.records import event_record, letter_record
from schemas.codec import Codec
from schemas.deadletters import DeadLetter
from schemas.events import Event

__all__ = ["EventPublisher", "PublishFailed", "PublisherConfig", "RecordTooLarge"]

log = structlog.get_logger("publishing")


class EventPublisher:
    """Publishes from any thread."""

    def __init__(self, config: PublisherConfig, codec: Codec) -> None:
        """Connects lazily: Kafka need not be up yet."""
        self._config = config
        self._codec = codec
        self._lock = threading.Lock()
        self._connection = ServedConnection(config)

    def publish(self, events: Sequence[Event]) -> None:
        """Return when Kafka has acknowledged every event. Raises PublishFailed."""
        self._wait(self._begin([event_record(event, self._codec) for event in events]))

    def publish_dead_letter(self, letter: DeadLetter) -> None:
        """Return when Kafka has acknowledged it. Raises PublishFailed."""
        self._wait(self._begin([letter_record(letter, self._codec)]))

    def close(self, timeout_s: float = 1.0) -> None:
        """Wait at most `timeout_s` for what is in flight, then let go."""
        missing = self._connection.close(timeout_s)
        if missing:
            log.warning("closed with unacknowledged records", records=missing)

    def _begin(self, records: Sequence[Record]) -> Future[None]:
        acknowledgements = Acknowledgements(len(records))
        if not records:
            acknowledgements.future.set_result(None)
        # One publish at a time: its records stand together, in order, in each partition.
        with self._lock:
            connection = self._usable_connection()
            try:
                for record in records:
                    connection.send(record, acknowledgements.report)
            except PublishFailed as error:
                acknowledgements.fail(error)
        return acknowledgements.future

    def _usable_connection(self) -> ServedConnection:
        if self._connection.broken.is_set():
            threading.Thread(target=self._connection.close, args=(0.0,), daemon=True).start()
            self._connection = ServedConnection(self._config)
        return self._connection

    def _wait(self, future: Future[None]) -> None:
        # librdkafka looks for overdue records only once a second: the bound is kept here.
        try:
            future.result(self._config.delivery_timeout_s)
        except TimeoutError:
            raise PublishFailed(self._config.overdue()) from None
