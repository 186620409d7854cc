"""Writes to the target: idempotent, acknowledged by all, in the order in which it is told."""

from __future__ import annotations

import time
from collections.abc import Sequence

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from schemas.kafka_asking import QUIET
from schemas.topics import DEADLETTER_RECORD_BYTES
from sinks.archive.record import ArchivedMessage, Header
from sinks.republishing.errors import ReplayFailed

_BY_KEY = -1  # librdkafka: the key decides, as it does for the project's own topics
_ANSWER_S, _FLUSH_S, _SERVE_S = 10.0, 120.0, 0.2


class TargetWriter:
    """One producer to one topic. `positions`: by partition the offset after the last that Kafka has."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        """Asks how many partitions the topic has; 0 where there is no such topic. Raises ReplayFailed."""
        self._topic = topic
        self._failed: KafkaError | None = None
        self._delivered = 0
        self.positions: dict[int, int] = {}
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "client.id": "radstream-replay",
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 20,
                # What Kafka took once, it takes again.
                "message.max.bytes": DEADLETTER_RECORD_BYTES,
                "allow.auto.create.topics": False,
                **QUIET,
            }
        )
        try:
            found = self._producer.list_topics(timeout=_ANSWER_S).topics.get(topic)
        except KafkaException as error:
            raise ReplayFailed(f"Kafka gives no answer: {error.args[0].str()}") from error
        self.partitions = 0 if found is None else len(found.partitions)

    def send(self, message: ArchivedMessage, headers: Sequence[Header], partition: int | None) -> None:
        """Hand over one message; waits while the queue is full. `partition`: None leaves it to the key.

        Raises ReplayFailed where Kafka refused an earlier one.
        """
        while True:
            self._require_fine()
            try:
                self._producer.produce(
                    self._topic,
                    value=message.value,
                    key=message.key,
                    headers=list(headers),
                    partition=_BY_KEY if partition is None else partition,
                    on_delivery=self._note,
                )
            except BufferError:
                self._producer.poll(_SERVE_S)
            else:
                self._producer.poll(0)
                return

    def serve_for(self, seconds: float) -> None:
        """Let so much time pass; what was handed over is written meanwhile."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            self._producer.poll(min(left_s, _SERVE_S))

    def flush(self) -> int:
        """Return when Kafka has all that was handed over; how many since the last call.

        Raises ReplayFailed.
        """
        left = self._producer.flush(_FLUSH_S)
        self._require_fine()
        if left:
            raise ReplayFailed(f"Kafka did not take {left} messages in time: run the same command again")
        delivered, self._delivered = self._delivered, 0
        return delivered

    def _require_fine(self) -> None:
        if self._failed is not None:
            raise ReplayFailed(
                f"Kafka does not take it ({self._failed.str()}): mend that, then run the same command again; "
                "it goes on where it stopped"
            )

    def _note(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            self._failed = self._failed or error
            return
        partition, offset = message.partition(), message.offset()
        if partition is not None and offset is not None:
            self._delivered += 1
            self.positions[partition] = max(self.positions.get(partition, 0), offset + 1)
