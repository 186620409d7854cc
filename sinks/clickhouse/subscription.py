"""The Kafka consumer of the sink: which partitions are ours, and up to where they are done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import structlog
from confluent_kafka import Consumer, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from sinks.clickhouse.batch import Message
from sinks.clickhouse.errors import Unavailable

log = structlog.get_logger(__name__)

Partition = tuple[str, int]
_ADMIN_TIMEOUT_S = 5.0


def topic_ids(bootstrap: str, names: Sequence[str]) -> Mapping[str, str]:
    """Kafka's id of each topic. Raises Unavailable where Kafka gives no answer or a topic is missing."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    try:
        asked = admin.describe_topics(TopicCollection(list(names)), request_timeout=_ADMIN_TIMEOUT_S)
        return {name: str(answer.result().topic_id) for name, answer in asked.items()}
    except KafkaException as error:
        raise Unavailable(f"Kafka topics: {error.args[0].str()}") from error


class Subscription:
    """One member of the consumer group. Rebalances happen inside `take`, never between two calls."""

    def __init__(self, consumer: Consumer, names: Sequence[str]) -> None:
        self._consumer = consumer
        self._owned: set[Partition] = set()
        self._done: dict[Partition, int] = {}
        self._uncommitted: set[Partition] = set()
        self._paused = False
        self.on_lost: Callable[[Collection[Partition]], None] = lambda _lost: None
        consumer.subscribe(
            list(names), on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
        )

    @property
    def owned(self) -> Collection[Partition]:
        """The partitions that are ours now."""
        return self._owned

    def take(self, timeout_s: float) -> Message | None:
        """The next message, or None after `timeout_s`. Raises Unavailable on a fatal error."""
        polled = self._consumer.poll(timeout_s)
        if polled is None:
            return None
        error = polled.error()
        if error is not None:
            if error.fatal():
                raise Unavailable(f"Kafka: {error.str()}")
            log.warning("kafka_error", error=error.name(), topic=polled.topic())
            return None
        topic, partition, offset = polled.topic(), polled.partition(), polled.offset()
        assert topic is not None and partition is not None and offset is not None  # noqa: S101, PT018 - no error, so a message
        if self._paused:  # of a partition that came to us during the pause
            self._consumer.pause([TopicPartition(topic, partition)])
        return Message(topic, partition, offset, polled.value(), polled.key())

    def pause(self) -> None:
        """Take nothing more for now, but stay a member."""
        self._paused = True
        self._consumer.pause(_places(self._owned))

    def resume(self) -> None:
        """Go on after `pause`."""
        self._paused = False
        self._consumer.resume(_places(self._owned))

    def commit(self, topic: str, next_offsets: Mapping[int, int]) -> None:
        """Say that everything before `next_offsets` is done. What Kafka does not take now goes along with
        the next commit; what is no longer ours is left to its owner.
        """
        for partition, offset in next_offsets.items():
            if (topic, partition) in self._owned:
                self._done[topic, partition] = offset
                self._uncommitted.add((topic, partition))
        self.commit_rest()

    def commit_rest(self) -> None:
        """Commit what an earlier commit could not."""
        if not self._uncommitted:
            return
        offsets = [TopicPartition(*place, self._done[place]) for place in sorted(self._uncommitted)]
        try:
            answers = self._consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:
            log.warning("commit_failed", error=error.args[0].name())
            return
        for answer in answers or ():
            if answer.error is None:
                self._uncommitted.discard((answer.topic, answer.partition))
            else:
                log.warning("commit_failed", error=answer.error.name(), topic=answer.topic)

    def lag(self) -> dict[str, int]:
        """Messages of each topic between what is done and the end of the log, as last fetched."""
        lag: dict[str, int] = {}
        for topic, partition in self._owned:
            low, high = self._consumer.get_watermark_offsets(TopicPartition(topic, partition), cached=True)
            done = self._done.get((topic, partition))
            if high >= 0 and done is not None:
                lag[topic] = lag.get(topic, 0) + max(0, high - max(low, done))
        return lag

    def close(self) -> None:
        """Leave the group, so that others take over at once."""
        self.commit_rest()
        self._consumer.close()

    def _assigned(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        places = {(p.topic, p.partition) for p in partitions}
        self._forget(places)
        self._owned |= places
        log.info("partitions_assigned", count=len(partitions), owned=len(self._owned))

    def _revoked(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        places = {(p.topic, p.partition) for p in partitions}
        self._owned -= places
        self._forget(places)
        log.info("partitions_revoked", count=len(partitions), owned=len(self._owned))

    def _forget(self, places: Collection[Partition]) -> None:
        self._uncommitted -= set(places)
        for place in places:
            self._done.pop(place, None)
        self.on_lost(places)


def _places(partitions: Iterable[Partition]) -> list[TopicPartition]:
    return [TopicPartition(topic, partition) for topic, partition in sorted(partitions)]
