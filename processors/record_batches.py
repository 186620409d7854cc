"""Messages to Kafka as record batches of one partition: one call to the client each, not one per message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

Message = tuple[bytes, bytes]


async def send_batches(producer: Any, topic: str, partition: int, messages: Iterable[Message]) -> int:
    """Send key and value of each, in order; the offset of the last. Returns when Kafka has them all.

    `producer` is an AIOKafkaProducer. A message larger than its batches is a batch by itself. Raises
    KafkaError; some of the messages may be in Kafka then. Raises ValueError without messages.
    """
    sent: list[tuple[Any, int]] = []
    batch = producer.create_batch()
    for key, value in messages:
        if batch.append(key=key, value=value, timestamp=None) is None:
            sent.append((await producer.send_batch(batch, topic, partition=partition), batch.record_count()))
            batch = producer.create_batch()
            batch.append(key=key, value=value, timestamp=None)
    count = batch.record_count()
    if not count:
        raise ValueError("no messages")
    sent.append((await producer.send_batch(batch, topic, partition=partition), count))
    offsets = [(await future).offset + count - 1 for future, count in sent]
    return int(offsets[-1])
