"""Events to the log, and only back when the broker has acknowledged all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from confluent_kafka import KafkaError, Message, Producer

from schemas.cloudevents import headers
from schemas.codec import Codec, Record
from schemas.events import Event
from schemas.topics import topic_of

_LOOK_EVERY_S = 0.25


class NotPublished(Exception):
    """Kafka refused an event, or the process was asked to stop before it had taken all of them."""


class LogPublisher:
    """One idempotent producer. Waits for a broker that is away as long as it takes."""

    def __init__(
        self,
        bootstrap: str,
        codec: Codec,
        stopping: Callable[[], bool],
        client_id: str = "radstream-reconciler",
        give_up_s: float = 0.0,
    ) -> None:
        """`stopping` ends the waiting, and so does Kafka's silence for `give_up_s`, where that is above 0."""
        self._codec = codec
        self._stopping = stopping
        self._failed: KafkaError | None = None
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "client.id": client_id,
                "acks": "all",
                "enable.idempotence": True,
                "message.timeout.ms": int(give_up_s * 1000),  # 0: never given up, the offsets wait, too
                "linger.ms": 2,
                "queue.buffering.max.messages": 0,
                "log_level": 3,
            }
        )

    def publish(self, events: Sequence[Event]) -> None:
        """Return when the log has every event. Raises NotPublished: then nothing may be committed."""
        for event in events:
            self._producer.produce(
                topic_of(event.AVRO_NAME),
                key=event.envelope.exam_id.encode(),
                value=self._codec.encode(event),
                headers=[*headers(event)],
                on_delivery=self._delivered,
            )
        self._finish()

    def publish_rows(self, topic: str, rows: Sequence[tuple[str, Record | None]]) -> None:
        """Return when `topic` has each row under its key; None takes the key out. Raises NotPublished."""
        for key, row in rows:
            value = None if row is None else self._codec.encode(row)
            self._producer.produce(topic, key=key.encode(), value=value, on_delivery=self._delivered)
        self._finish()

    def _finish(self) -> None:
        while self._producer.flush(_LOOK_EVERY_S):
            if self._stopping():
                raise NotPublished("asked to stop")
        if self._failed is not None:
            raise NotPublished(self._failed.str())

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        self._failed = self._failed or error
