"""AccessRecorded into Kafka: when it is said, it is there."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Protocol

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from dashboards.access.errors import NotRecorded
from schemas.cloudevents import headers
from schemas.codec import Codec
from schemas.errors import SchemaError
from schemas.events import AccessRecorded
from schemas.kafka_asking import QUIET
from schemas.topics import topic_of

_TIMEOUT_S = 5.0
_TURN_S = 0.01
# A Kafka that gives no answer is left alone for so long: every view would wait for its timeout.
_REST_S = 5.0


class Recorder(Protocol):
    """Where accesses are recorded."""

    def publish(self, event: AccessRecorded) -> None:
        """Return when it is durable. Raises NotRecorded."""

    def close(self) -> None:
        """End the connection."""


class KafkaRecorder:
    """The audit topic. For several threads."""

    def __init__(self, connect: Callable[[], Codec], kafka: str) -> None:
        """`connect` gives the codec of the events; nothing is connected before the first access."""
        self._connect = connect
        self._kafka = kafka
        self._lock = Lock()
        self._codec: Codec | None = None
        self._producer: Producer | None = None
        self._resting_until_s = float("-inf")

    def publish(self, event: AccessRecorded) -> None:
        """See Recorder."""
        if time.monotonic() < self._resting_until_s:
            raise NotRecorded("Kafka did not record the last access")
        try:
            self._deliver(event)
        except (SchemaError, KafkaException, BufferError, NotRecorded) as error:
            self._resting_until_s = time.monotonic() + _REST_S
            raise NotRecorded("Kafka does not record the access") from error

    def close(self) -> None:
        """See Recorder."""
        if self._producer is not None:
            self._producer.flush(1.0)
            self._producer = None

    def _deliver(self, event: AccessRecorded) -> None:
        answers: list[KafkaError | None] = []

        def delivered(error: KafkaError | None, _message: Message) -> None:
            answers.append(error)

        codec, producer = self._connected()
        producer.produce(
            topic_of(event.AVRO_NAME),
            key=event.envelope.exam_id.encode(),
            value=codec.encode(event),
            headers=[*headers(event)],
            on_delivery=delivered,
        )
        deadline_s = time.monotonic() + _TIMEOUT_S + 1
        while not answers and time.monotonic() < deadline_s:
            producer.poll(_TURN_S)
        if not answers or answers[0] is not None:
            raise NotRecorded("Kafka gives no answer" if not answers else str(answers[0]))

    def _connected(self) -> tuple[Codec, Producer]:
        with self._lock:
            self._codec = self._codec or self._connect()
            self._producer = self._producer or Producer(
                {
                    "bootstrap.servers": self._kafka,
                    "client.id": "radstream-dashboard",
                    "acks": "all",
                    "enable.idempotence": True,
                    "linger.ms": 0,
                    "message.timeout.ms": int(_TIMEOUT_S * 1000),
                    **QUIET,
                }
            )
            return self._codec, self._producer
