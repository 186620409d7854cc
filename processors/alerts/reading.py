"""Topics read whole, from their beginning, and then on: each start reads all again.

What is committed only tells how far we are; nobody goes on from there.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

log = structlog.get_logger("alerts")
_ASK_TIMEOUT_S = 10.0
GROUP_ID = "radstream.alerts"
_COMMIT_EVERY_S = 1.0


class TopicReader:
    """Topics one after another, each to its end; the last ones for ever."""

    def __init__(self, bootstrap: str, batch_messages: int, group_id: str = GROUP_ID) -> None:
        """Nothing is connected before `begin`."""
        self._batch = batch_messages
        self._unread: set[tuple[str, int]] = set()
        self._done: dict[tuple[str, int], int] = {}
        self._committed_s = 0.0
        self._consumer = Consumer(
            {
                "bootstrap.servers": bootstrap,
                "group.id": group_id,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "enable.partition.eof": True,
                # An offset that is gone is another topic under the old name: what we know of it is void.
                "auto.offset.reset": "error",
                "queued.max.messages.kbytes": 16 * 1024,
                "fetch.queue.backoff.ms": 10,  # not a second, where the queue was full
                "log_level": 3,
            }
        )

    def begin(self, *topics: str) -> None:
        """Read `topics` from now on, all of them. Raises KafkaException where Kafka gives no answer."""
        self._unread = {(topic, number) for topic in topics for number in self._partitions(topic)}
        self._consumer.assign([TopicPartition(*place, OFFSET_BEGINNING) for place in sorted(self._unread)])

    @property
    def is_at_end(self) -> bool:
        """Whether all that stood in the topics at some moment since `begin` was read."""
        return not self._unread

    def read(self, wait_s: float) -> list[Message]:
        """The next messages; waits for the first at most `wait_s`.

        Raises KafkaException where the topic is not what it was, or the client can go on no more.
        """
        first = self._consumer.poll(wait_s)
        if first is None:
            return []
        polled = [first, *self._consumer.consume(self._batch - 1, 0)]
        return [message for message in polled if self._is_message(message)]

    def tell_done(self, messages: Sequence[Message]) -> None:
        """Tell Kafka, now and then, that `messages` were worked on; only for those who ask for our lag."""
        for message in messages:
            self._done[str(message.topic()), int(message.partition() or 0)] = int(message.offset() or 0) + 1
        if not self._done or time.monotonic() - self._committed_s < _COMMIT_EVERY_S:
            return
        self._committed_s = time.monotonic()
        places = [TopicPartition(*place, offset) for place, offset in self._done.items()]
        self._done = {}
        try:
            self._consumer.commit(offsets=places, asynchronous=True)
        except KafkaException as error:
            log.warning("commit_failed", error=error.args[0].name())

    def close(self) -> None:
        """Let go of Kafka."""
        self._consumer.close()

    def _partitions(self, topic: str) -> list[int]:
        found = self._consumer.list_topics(topic, _ASK_TIMEOUT_S).topics[topic]
        if found.error is not None or not found.partitions:
            raise KafkaException(found.error or KafkaError(KafkaError.UNKNOWN_TOPIC_OR_PART))
        return list(found.partitions)

    def _is_message(self, message: Message) -> bool:
        error = message.error()
        if error is None:
            return True
        if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library's own public name
            self._unread.discard((str(message.topic()), int(message.partition() or 0)))
        elif error.fatal() or error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001 - as above
            raise KafkaException(error)
        else:
            log.warning("kafka_error", error=error.name(), topic=message.topic())
        return False
