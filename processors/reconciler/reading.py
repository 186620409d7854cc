"""Reading the log and the worklist from where the index stands."""

from __future__ import annotations

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from processors.reconciler.config import CONSUMED_TOPICS, GROUP_ID, ReconcilerConfig
from processors.reconciler.index import Offsets
from schemas.kafka_asking import log_bounds
from schemas.topics import EVENTS

log = structlog.get_logger("reconciler")
_ASK_TIMEOUT_S = 10.0


class LogReader:
    """Reads every partition of the topics; the events before the rows until it has caught up with them.

    So an index that is built anew knows what the log already has before it says anything.
    """

    def __init__(self, config: ReconcilerConfig, offsets: Offsets) -> None:
        """`offsets`: where to go on; a partition that is not there is read from its beginning.

        Raises KafkaException where Kafka gives no answer.
        """
        self._config = config
        self._consumer = Consumer(
            {
                "bootstrap.servers": config.kafka_bootstrap,
                "group.id": GROUP_ID,
                "enable.auto.commit": False,
                "enable.auto.offset.store": False,
                "auto.offset.reset": "earliest",
                "queued.max.messages.kbytes": 16 * 1024,
                "fetch.queue.backoff.ms": 10,  # not a second, where the queue was full
                "log_level": 3,
            }
        )
        self._next = dict(offsets)
        self._behind = self._ends(EVENTS)
        self._assign((EVENTS,) if self._behind else CONSUMED_TOPICS)
        self.commit(offsets)

    def read(self) -> list[Message]:
        """The next messages; none where there are none yet. Raises KafkaException."""
        first = self._consumer.poll(self._config.poll_s)
        if first is None:
            return []
        polled = [first, *self._consumer.consume(self._config.batch_messages - 1, 0)]
        messages = [message for message in polled if _is_message(message)]
        for message in messages:
            self._next[_place(message)] = int(message.offset() or 0) + 1
        self._catch_up()
        return messages

    def commit(self, offsets: Offsets) -> None:
        """Tell Kafka how far we are; only for those who ask for our lag."""
        if not offsets:
            return
        places = [TopicPartition(topic, partition, offset) for (topic, partition), offset in offsets.items()]
        try:
            self._consumer.commit(offsets=places, asynchronous=True)
        except KafkaException as error:
            log.warning("commit_failed", error=error.args[0].name())

    def close(self) -> None:
        """Let go of Kafka."""
        self._consumer.close()

    def _catch_up(self) -> None:
        if not self._behind:
            return
        self._behind = {place: end for place, end in self._behind.items() if self._next.get(place, 0) < end}
        if not self._behind:
            self._assign(CONSUMED_TOPICS)

    def _ends(self, topic: str) -> dict[tuple[str, int], int]:
        """Where the topic's partitions end that we have not read to there."""
        ends = {}
        for place in self._places(topic):
            low, high = log_bounds(self._consumer, place, _ASK_TIMEOUT_S)
            if max(low, self._next.get((place.topic, place.partition), 0)) < high:
                ends[place.topic, place.partition] = high
        return ends

    def _assign(self, topics: tuple[str, ...]) -> None:
        places = [place for topic in topics for place in self._places(topic)]
        for place in places:
            place.offset = self._next.get((place.topic, place.partition), OFFSET_BEGINNING)
        self._consumer.assign(places)

    def _places(self, topic: str) -> list[TopicPartition]:
        partitions = self._consumer.list_topics(topic, _ASK_TIMEOUT_S).topics[topic].partitions
        return [TopicPartition(topic, partition) for partition in sorted(partitions)]


def _place(message: Message) -> tuple[str, int]:
    return str(message.topic()), int(message.partition() or 0)


def _is_message(message: Message) -> bool:
    error = message.error()
    if error is None:
        return True
    if error.fatal():
        raise KafkaException(error)
    log.warning("kafka_error", error=error.name(), topic=message.topic())
    return False
