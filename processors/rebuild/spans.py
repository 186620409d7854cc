"""Stretches of a topic's partition, read by offsets; no group, nothing committed."""

from __future__ import annotations

from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from processors.rebuild.config import TopicGone
from schemas.kafka_asking import QUIET, asking_settings, log_bounds

# Kafka insists on a name. Nobody is a member of it.
GROUP_ID = "radstream.fold.rebuild"
_TIMEOUT_S = 15.0
_GATHER_S = 0.05


class SpanReader:
    """Reads from an offset to where the partition ends."""

    def __init__(self, bootstrap: str, batch_messages: int) -> None:
        """Nothing is connected yet."""
        self._batch = batch_messages
        self._consumer = Consumer(
            asking_settings(bootstrap, GROUP_ID)
            | QUIET
            | {
                "enable.partition.eof": True,
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": 32 * 1024,
                "fetch.queue.backoff.ms": 10,  # not a second, where the queue was full
            }
        )

    def partitions(self, topic: str) -> list[int]:
        """The numbers of the topic's partitions. Raises TopicGone."""
        try:
            found = self._consumer.list_topics(topic, _TIMEOUT_S).topics[topic]
        except KafkaException as error:
            raise TopicGone(f"Kafka gives no answer: {error.args[0].str()}") from error
        if found.error is not None:
            raise TopicGone(f"Kafka has no topic {topic}: `radstream init` makes it")
        return sorted(found.partitions)

    def ends(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset that is there, and the next one that will be written. Raises TopicGone."""
        try:
            return log_bounds(self._consumer, TopicPartition(topic, partition), _TIMEOUT_S)
        except KafkaException as error:
            raise TopicGone(f"{topic}/{partition}: {error.args[0].str()}") from error

    def read(self, topic: str, partition: int, start: int, end: int) -> Iterator[list[Message]]:
        """The messages from offset `start` to before `end`, in batches. Raises TopicGone."""
        if start >= end:
            return
        self._consumer.assign([TopicPartition(topic, partition, start)])
        try:
            while start < end:
                polled = self._poll()
                if not polled:
                    raise TopicGone(f"{topic}/{partition} gives nothing at {start}, though it ends at {end}")
                messages = [message for message in polled if not _is_end(message)]
                yield [message for message in messages if int(message.offset() or 0) < end]
                # Compaction leaves gaps, at the end as well: the end of the partition tells, not the count.
                is_end = len(messages) < len(polled)
                start = end if is_end else int(messages[-1].offset() or 0) + 1
        except KafkaException as error:
            raise TopicGone(f"{topic}/{partition}: {error.args[0].str()}") from error
        finally:
            self._consumer.unassign()

    def _poll(self) -> list[Message]:
        """One batch; the call waits for a whole one, which there is none of at the end."""
        first = self._consumer.poll(_TIMEOUT_S)
        return [] if first is None else [first, *self._consumer.consume(self._batch - 1, _GATHER_S)]

    def close(self) -> None:
        """Let go of Kafka."""
        self._consumer.close()


def _is_end(message: Message) -> bool:
    error = message.error()
    if error is None:
        return False
    if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library's own public name
        return True
    raise KafkaException(error)
