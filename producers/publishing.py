"""Events and dead letters to Kafka: a publish has succeeded when Kafka has acknowledged all of it.

One producer is shared by all threads and by the event loop; many publishes are in flight at once. It is
idempotent with acks=all (KIP-98), so a retry inside the producer neither doubles nor reorders. After an
error that librdkafka calls fatal, the next publish gets a new producer.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future

import structlog

from producers.kafka_connection import (
    Acknowledgements,
    KafkaConnection,
    PublisherConfig,
    PublishFailed,
    Record,
    RecordTooLarge,
)
from schemas.cloudevents import CONTENT_TYPE, Headers, headers
from schemas.codec import Codec
from schemas.deadletters import DeadLetter
from schemas.events import Event
from schemas.topics import DEADLETTERS, topic_of

__all__ = ["EventPublisher", "PublishFailed", "PublisherConfig", "RecordTooLarge"]

log = structlog.get_logger("publishing")


class EventPublisher:
    """Publishes from any thread, and from an event loop without blocking it."""

    def __init__(self, config: PublisherConfig, codec: Codec) -> None:
        """Connects lazily: Kafka need not be up yet."""
        self._config = config
        self._codec = codec
        self._lock = threading.Lock()
        self._connection = KafkaConnection(config)

    def publish(self, events: Sequence[Event]) -> None:
        """Return when Kafka has acknowledged every event. Raises PublishFailed."""
        self._wait(self._begin([self._event_record(event) for event in events]))

    async def publish_async(self, events: Sequence[Event]) -> None:
        """As `publish`. The records are queued before the first await, so calls keep their order."""
        await self._wait_async(self._begin([self._event_record(event) for event in events]))

    def publish_dead_letter(self, letter: DeadLetter) -> None:
        """Return when Kafka has acknowledged it. Raises PublishFailed."""
        self._wait(self._begin([self._letter_record(letter)]))

    async def publish_dead_letter_async(self, letter: DeadLetter) -> None:
        """As `publish_dead_letter`."""
        await self._wait_async(self._begin([self._letter_record(letter)]))

    def close(self, timeout_s: float = 1.0) -> None:
        """Wait at most `timeout_s` for what is in flight, then let go."""
        missing = self._connection.close(timeout_s)
        if missing:
            log.warning("closed with unacknowledged records", records=missing)

    def _event_record(self, event: Event) -> Record:
        key = event.envelope.exam_id.encode()
        return Record(topic_of(event.AVRO_NAME), key, self._codec.encode(event), headers(event))

    def _letter_record(self, letter: DeadLetter) -> Record:
        kind: Headers = [("ce_type", letter.AVRO_NAME.encode()), ("content-type", CONTENT_TYPE.encode())]
        return Record(DEADLETTERS, letter.dead_letter_id.encode(), self._codec.encode(letter), kind)

    def _begin(self, records: Sequence[Record]) -> Future[None]:
        acknowledgements = Acknowledgements(len(records))
        if not records:
            acknowledgements.future.set_result(None)
        # One publish at a time: its records stand together, in order, in each partition.
        with self._lock:
            connection = self._usable_connection()
            try:
                for record in records:
                    connection.send(record, acknowledgements)
            except PublishFailed as error:
                acknowledgements.fail(error)
        return acknowledgements.future

    def _usable_connection(self) -> KafkaConnection:
        if self._connection.broken.is_set():
            threading.Thread(target=self._connection.close, args=(0.0,), daemon=True).start()
            self._connection = KafkaConnection(self._config)
        return self._connection

    def _wait(self, future: Future[None]) -> None:
        # librdkafka looks for overdue records only once a second: the bound is kept here.
        try:
            future.result(self._config.delivery_timeout_s)
        except TimeoutError:
            raise self._overdue() from None

    async def _wait_async(self, future: Future[None]) -> None:
        try:
            async with asyncio.timeout(self._config.delivery_timeout_s):
                await asyncio.wrap_future(future)
        except TimeoutError:
            raise self._overdue() from None

    def _overdue(self) -> PublishFailed:
        return PublishFailed(f"Kafka did not acknowledge within {self._config.delivery_timeout_s:g} s")
