"""Events by the hundred thousand to Kafka: large batches, and one answer for all of them."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from confluent_kafka import KafkaError, Message, Producer

from producers.kafka_connection import PublisherConfig, PublishFailed, Record, failure_of

_LINGER_MS = 50.0
_DELIVERY_TIMEOUT_S = 120.0
_QUEUED_MESSAGES, _QUEUED_KB = 200_000, 256 * 1024
_BATCH_BYTES = 900_000
_POLL_S = 0.1


def bulk_publisher_config(bootstrap: str) -> PublisherConfig:
    """A bulk load does not mind to wait."""
    return PublisherConfig(
        bootstrap, "radstream-history", delivery_timeout_s=_DELIVERY_TIMEOUT_S, linger_ms=_LINGER_MS
    )


def _quiet_logger() -> logging.Logger:
    """What Kafka's client has to say comes back as PublishFailed; a command has no log."""
    quiet = logging.getLogger("radstream.history")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    return quiet


class BulkPublisher:
    """Publishes from one thread; nothing is known to be there before `flush` returns."""

    def __init__(self, config: PublisherConfig) -> None:
        """Connects lazily: Kafka need not be up yet."""
        self._timeout_s = config.delivery_timeout_s
        self._overdue = config.overdue()
        self._failed: KafkaError | None = None
        self._producer = Producer(
            {
                **config.librdkafka(),
                "logger": _quiet_logger(),
                "queue.buffering.max.messages": _QUEUED_MESSAGES,
                "queue.buffering.max.kbytes": _QUEUED_KB,
                "batch.size": _BATCH_BYTES,
                "delivery.report.only.error": True,
            }
        )

    def send(self, records: Iterable[Record]) -> None:
        """Queue `records`, in order; waits while the queue is full. Raises PublishFailed."""
        for record in records:
            while not self._queued(record):
                self._producer.poll(_POLL_S)
        self._producer.poll(0)
        self._raise_failure()

    def flush(self) -> None:
        """Return when Kafka has acknowledged all that was sent. Raises PublishFailed."""
        deadline_s = time.monotonic() + self._timeout_s
        while self._producer.flush(_POLL_S) and self._failed is None:
            if time.monotonic() > deadline_s:
                raise PublishFailed(self._overdue)
        self._raise_failure()

    def _queued(self, record: Record) -> bool:
        try:
            self._producer.produce(
                record.topic, record.value, record.key, headers=[*record.headers], on_delivery=self._report
            )
        except BufferError:
            self._raise_failure()
            return False
        return True

    def _report(self, error: KafkaError | None, _message: Message) -> None:
        self._failed = self._failed or error

    def _raise_failure(self) -> None:
        if self._failed is not None:
            raise failure_of(self._failed)
