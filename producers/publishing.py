"""Events and dead letters to Kafka: a publish has succeeded when Kafka has acknowledged all of it.

One producer is shared by all threads and by the event loop; many publishes are in flight at once. It is
idempotent with acks=all (KIP-98), so a retry inside the producer neither doubles nor reorders. After an
error that librdkafka calls fatal, the next publish gets a new producer.

    PublishFailed             not acknowledged within the bound: answer the sender that it shall try again
    └── RecordTooLarge        will never be accepted: trying again is of no use
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.cloudevents import CONTENT_TYPE, Headers, headers
from schemas.codec import Codec
from schemas.deadletters import DeadLetter
from schemas.events import Event
from schemas.topics import DEADLETTERS, topic_of

log = structlog.get_logger("publishing")
_POLL_S = 0.2


class PublishFailed(Exception):
    """Kafka did not acknowledge. What was sent may still arrive; its ids make a repetition harmless."""


class RecordTooLarge(PublishFailed):
    """The record exceeds what Kafka takes."""


@dataclass(frozen=True, slots=True)
class PublisherConfig:
    """Where Kafka is, and how long to wait for it.

    delivery_timeout_s: the bound on one publish, from the call to the acknowledgement.
    client_id: who we are, in Kafka's logs and metrics.
    linger_ms: how long to wait for company in a batch.
    """

    bootstrap: str
    client_id: str
    delivery_timeout_s: float = 5.0
    linger_ms: float = 2.0

    def librdkafka(self) -> dict[str, str | int | float | bool | logging.Logger]:
        """As librdkafka's configuration."""
        return {
            "bootstrap.servers": self.bootstrap,
            "client.id": self.client_id,
            "acks": "all",
            "enable.idempotence": True,
            "compression.type": "lz4",
            "linger.ms": self.linger_ms,
            "delivery.timeout.ms": int(self.delivery_timeout_s * 1000),
            # After an outage the next publish must not wait for a long pause between attempts to connect.
            "reconnect.backoff.ms": 50,
            "reconnect.backoff.max.ms": 500,
            "socket.nagle.disable": True,
            "log.connection.close": False,
            "logger": logging.getLogger("librdkafka"),
        }


@dataclass(frozen=True, slots=True)
class _Record:
    topic: str
    key: bytes
    value: bytes
    headers: Headers


class _Acknowledgements:
    """Counts the delivery reports of one publish; its future is done with the last, or the first error."""

    def __init__(self, expected: int) -> None:
        self.future: Future[None] = Future()
        self._missing = expected
        self._lock = threading.Lock()

    def fail(self, error: PublishFailed) -> None:
        with self._lock:
            if not self.future.done():
                self.future.set_exception(error)

    def report(self, error: KafkaError | None, _message: Message) -> None:
        if error is not None:
            self.fail(_failure(error))
            return
        with self._lock:
            self._missing -= 1
            if self._missing == 0 and not self.future.done():
                self.future.set_result(None)


def _failure(error: KafkaError) -> PublishFailed:
    kind = RecordTooLarge if error.code() == KafkaError.MSG_SIZE_TOO_LARGE else PublishFailed
    return kind(f"Kafka: {error.str()}")


class _Connection:
    """One librdkafka producer and the thread that serves its delivery reports."""

    def __init__(self, config: PublisherConfig) -> None:
        self.broken = threading.Event()
        self._closed = threading.Event()
        self._unreachable = False
        self._producer = Producer({**config.librdkafka(), "error_cb": self._on_error})
        self._thread = threading.Thread(target=self._serve, name="kafka-reports", daemon=True)
        self._thread.start()

    def send(self, record: _Record, acknowledgements: _Acknowledgements) -> None:
        """Raises PublishFailed where the record cannot even be queued."""
        try:
            self._producer.produce(
                record.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                on_delivery=acknowledgements.report,
            )
        except BufferError:
            raise PublishFailed("too many records wait for Kafka already") from None
        except KafkaException as exception:
            error: KafkaError = exception.args[0]
            if error.fatal():
                self.broken.set()
            raise _failure(error) from None

    def close(self, timeout_s: float) -> int:
        """How many records were still unacknowledged after `timeout_s`."""
        missing = int(self._producer.flush(timeout_s))
        self._closed.set()
        self._thread.join(2 * _POLL_S)
        return missing

    def _serve(self) -> None:
        while not self._closed.is_set():
            self._producer.poll(_POLL_S)

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self.broken.set()
            log.error("kafka producer failed", error=error.str())
        elif error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - librdkafka's own codes begin so
            log.warning("kafka unreachable", error=error.str())


class EventPublisher:
    """Publishes from any thread, and from an event loop without blocking it."""

    def __init__(self, config: PublisherConfig, codec: Codec) -> None:
        """Connects lazily: Kafka need not be up yet."""
        self._config = config
        self._codec = codec
        self._lock = threading.Lock()
        self._connection = _Connection(config)

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

    def _event_record(self, event: Event) -> _Record:
        key = event.envelope.exam_id.encode()
        return _Record(topic_of(event.AVRO_NAME), key, self._codec.encode(event), headers(event))

    def _letter_record(self, letter: DeadLetter) -> _Record:
        kind: Headers = [("ce_type", letter.AVRO_NAME.encode()), ("content-type", CONTENT_TYPE.encode())]
        return _Record(DEADLETTERS, letter.dead_letter_id.encode(), self._codec.encode(letter), kind)

    def _begin(self, records: Sequence[_Record]) -> Future[None]:
        acknowledgements = _Acknowledgements(len(records))
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

    def _usable_connection(self) -> _Connection:
        if self._connection.broken.is_set():
            threading.Thread(target=self._connection.close, args=(0.0,), daemon=True).start()
            self._connection = _Connection(self._config)
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
