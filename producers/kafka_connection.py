"""The connection to Kafka below the publisher: one librdkafka producer, its delivery reports, its errors.

PublishFailed             not acknowledged within the bound: answer the sender that it shall try again
└── RecordTooLarge        will never be accepted: trying again is of no use
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.cloudevents import Headers
from schemas.topics import DEADLETTER_RECORD_BYTES

log = structlog.get_logger("publishing")
_POLL_S = 0.2

OnReport = Callable[[KafkaError | None, Message], None]
"""What is called with the delivery report of one record."""


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

    def overdue(self) -> str:
        """What to say when the bound has passed."""
        return f"Kafka did not acknowledge within {self.delivery_timeout_s:g} s"

    def librdkafka(self) -> dict[str, str | int | float | bool | logging.Logger]:
        """As librdkafka's configuration."""
        return {
            "bootstrap.servers": self.bootstrap,
            "client.id": self.client_id,
            "acks": "all",
            "enable.idempotence": True,
            "compression.type": "lz4",
            # Dead letters may be large; the publisher keeps events below what Kafka takes by default.
            "message.max.bytes": DEADLETTER_RECORD_BYTES,
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
class Record:
    """One record for one topic."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers


class Acknowledgements:
    """Counts the delivery reports of one publish; its future is done with the last, or the first error."""

    def __init__(self, expected: int) -> None:
        self.future: Future[None] = Future()
        self._missing = expected
        self._lock = threading.Lock()

    def fail(self, error: PublishFailed) -> None:
        """The publish has failed, unless it is done already."""
        with self._lock:
            if not self.future.done():
                self.future.set_exception(error)

    def report(self, error: KafkaError | None, _message: Message) -> None:
        """librdkafka's delivery report of one record."""
        if error is not None:
            self.fail(failure_of(error))
            return
        with self._lock:
            self._missing -= 1
            if self._missing == 0 and not self.future.done():
                self.future.set_result(None)


def failure_of(error: KafkaError) -> PublishFailed:
    """What librdkafka said, as our error."""
    kind = RecordTooLarge if error.code() == KafkaError.MSG_SIZE_TOO_LARGE else PublishFailed
    return kind(f"Kafka: {error.str()}")


class KafkaConnection:
    """One librdkafka producer. Its delivery reports are given out where `poll` is called."""

    def __init__(self, config: PublisherConfig) -> None:
        self.broken = threading.Event()
        self._producer = Producer({**config.librdkafka(), "error_cb": self._on_error})

    def send(self, record: Record, on_report: OnReport) -> None:
        """Raises PublishFailed where the record cannot even be queued."""
        try:
            self._producer.produce(
                record.topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                on_delivery=on_report,
            )
        except BufferError:
            raise PublishFailed("too many records wait for Kafka already") from None
        except KafkaException as exception:
            error: KafkaError = exception.args[0]
            if error.fatal():
                self.broken.set()
            raise failure_of(error) from None

    def poll(self, timeout_s: float) -> None:
        """Give out the delivery reports that are there; wait `timeout_s` for the first."""
        self._producer.poll(timeout_s)

    def close(self, timeout_s: float) -> int:
        """How many records were still unacknowledged after `timeout_s`."""
        return int(self._producer.flush(timeout_s))

    def _on_error(self, error: KafkaError) -> None:
        if error.fatal():
            self.broken.set()
            log.error("kafka producer failed", error=error.str())
        elif error.code() == KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - librdkafka's own codes begin so
            log.warning("kafka unreachable", error=error.str())


class ServedConnection(KafkaConnection):
    """With a thread of its own that gives out the delivery reports."""

    def __init__(self, config: PublisherConfig) -> None:
        super().__init__(config)
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="kafka-reports", daemon=True)
        self._thread.start()

    def close(self, timeout_s: float) -> int:
        """As KafkaConnection's; the thread ends."""
        missing = super().close(timeout_s)
        self._closed.set()
        self._thread.join(2 * _POLL_S)
        return missing

    def _serve(self) -> None:
        while not self._closed.is_set():
            self.poll(_POLL_S)
