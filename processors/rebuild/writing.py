"""What was found missing, written: with the exam's key, into the partition of its events."""

from __future__ import annotations

from confluent_kafka import KafkaError, Message, Producer

from processors.rebuild.config import RebuildFailed
from processors.rebuild.partition import Difference
from schemas.kafka_asking import QUIET

_FLUSH_S = 60.0


class Writer:
    """One idempotent producer."""

    def __init__(self, bootstrap: str) -> None:
        """Nothing is connected yet."""
        self._failed: KafkaError | None = None
        self._producer = Producer(
            {
                "bootstrap.servers": bootstrap,
                "client.id": "radstream-rebuild",
                "acks": "all",
                "enable.idempotence": True,
                "linger.ms": 5,
                **QUIET,
            }
        )

    def write(self, partition: int, differences: list[Difference]) -> None:
        """Return when Kafka has all of them. Raises RebuildFailed."""
        for one in differences:
            self._producer.produce(
                one.topic, key=one.key, value=one.value, partition=partition, on_delivery=self._delivered
            )
            self._producer.poll(0)
        left = self._producer.flush(_FLUSH_S)
        if left or self._failed is not None:
            why = self._failed.str() if self._failed is not None else "it gives no answer"
            raise RebuildFailed(f"Kafka did not take what was rebuilt ({why}): run the same command again")

    def _delivered(self, error: KafkaError | None, _message: Message) -> None:
        self._failed = error or self._failed
