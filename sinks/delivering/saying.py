"""What we have to say, to Kafka: returned from when Kafka has it."""

from __future__ import annotations

import threading
from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException, Producer

from schemas.cloudevents import CONTENT_TYPE, headers
from schemas.codec import Codec
from schemas.deadletters import DeadLetter, DeadLetterResolved
from schemas.events import Event
from schemas.kafka_asking import QUIET
from schemas.topics import DEADLETTER_RECORD_BYTES, DEADLETTERS, topic_of
from sinks.delivering.errors import NotSaid

Said = Event | DeadLetter | DeadLetterResolved
_TIMEOUT_S = 5.0


class Speaker:
    """Publishes from any thread; one idempotent producer (KIP-98) with acks=all."""

    def __init__(self, bootstrap: str, codec: Codec, client_id: str) -> None:
        self._codec = codec
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "client.id": client_id,
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 0,
                "message.max.bytes": DEADLETTER_RECORD_BYTES,
                "delivery.timeout.ms": int(_TIMEOUT_S * 1000),
                **QUIET,
            }
        )

    def say(self, records: Sequence[Said]) -> None:
        """Return when Kafka has acknowledged all of them. Raises NotSaid: say them again."""
        if not records:
            return
        waiting = _Reports(len(records))
        try:
            for record in records:
                self._produce(record, waiting)
            self._await(waiting)
        except (KafkaException, BufferError) as error:
            raise NotSaid(f"Kafka: {type(error).__name__}") from error
        if waiting.error is not None:
            raise NotSaid(f"Kafka: {waiting.error}")

    def close(self) -> None:
        """Wait a moment for what is in flight."""
        self._producer.flush(1.0)

    def _await(self, waiting: _Reports) -> None:
        # Whoever polls gives out the reports of all threads: so in slices, until ours are there.
        for _ in range(int(2 * _TIMEOUT_S / 0.02)):
            if waiting.is_complete.is_set():
                return
            self._producer.poll(0.02)
        raise NotSaid("Kafka gave no answer in time")

    def _produce(self, record: Said, waiting: _Reports) -> None:
        if isinstance(record, DeadLetter | DeadLetterResolved):
            topic, key = DEADLETTERS, record.dead_letter_id
            about = [("ce_type", record.AVRO_NAME.encode()), ("content-type", CONTENT_TYPE.encode())]
        else:
            topic, key, about = topic_of(record.AVRO_NAME), record.envelope.exam_id, headers(record)
        self._producer.produce(
            topic,
            key=key.encode(),
            value=self._codec.encode(record),
            headers=list(about),
            on_delivery=waiting.report,
        )


class _Reports:
    def __init__(self, expected: int) -> None:
        self.is_complete = threading.Event()
        self.error: str | None = None
        self._missing = expected
        self._lock = threading.Lock()

    def report(self, error: KafkaError | None, _message: object) -> None:
        with self._lock:
            self._missing -= 1
            if error is not None:
                self.error = error.str()
            if self._missing == 0:
                self.is_complete.set()
