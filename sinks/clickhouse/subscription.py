"""The Kafka consumer of the sink: which partitions are ours, and up to where they are done."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import cast

import structlog
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    TopicCollection,
    TopicPartition,
)
from confluent_kafka import Message as KafkaMessage
from confluent_kafka.admin import AdminClient

from sinks.clickhouse.errors import Unavailable
from sinks.clickhouse.messages import Messages, by_topic

log = structlog.get_logger(__name__)

Partition = tuple[str, int]
_ADMIN_TIMEOUT_S = 5.0
# How many messages are asked for at once: between two calls, other threads get their turn.
_AT_ONCE = 5_000


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
        self._taken: list[Messages] = []
        # Partitions that were taken from us since it was emptied last.
        self._revoked: set[Partition] = set()
        self._paused = False
        # Called while they are still ours to commit, and once they are ours no more.
        self.on_losing: Callable[[Collection[Partition]], None] = lambda _losing: None
        self.on_lost: Callable[[Collection[Partition]], None] = lambda _lost: None
        consumer.subscribe(list(names), on_assign=self._get, on_revoke=self._give, on_lost=self._give)

    @property
    def owned(self) -> Collection[Partition]:
        """The partitions that are ours now."""
        return self._owned

    def take(self, most: int, most_bytes: int, timeout_s: float) -> Sequence[Messages]:
        """What is there, up to `most` messages or some `most_bytes`; else what comes first in `timeout_s`.

        Raises Unavailable on a fatal error.
        """
        taken = self._taken
        taken.clear()
        # `consume` would wait for as many as are asked for.
        first = self._consumer.poll(timeout_s)
        polled: Sequence[KafkaMessage] = [] if first is None else [first]
        while polled:
            for messages in by_topic(_without_errors(polled)):
                taken.append(messages)
                most, most_bytes = most - len(messages), most_bytes - messages.bytes()
            polled = self._consume(min(most, _AT_ONCE)) if most > 0 and most_bytes > 0 else []
        if len(self._done) < len(self._owned):
            self._note_begin(taken)
        if self._paused:  # of partitions that came to us during the pause
            self._consumer.pause(_places({place for messages in taken for place in messages.origin.places()}))
        return taken.copy()

    def _consume(self, most: int) -> Sequence[KafkaMessage]:
        """What is there; nothing that was fetched before a rebalance that is served meanwhile."""
        self._revoked.clear()
        polled = self._consumer.consume(most, 0)
        if self._revoked:
            polled = [one for one in polled if (one.topic(), one.partition()) not in self._revoked]
            self._go_back(self._revoked & self._owned)
        return polled

    def _go_back(self, places: Collection[Partition]) -> None:
        """Read `places`, which went and came back during one call, from where the group has committed."""
        if not places:
            return
        try:
            for place in self._consumer.committed(_places(places), timeout=_ADMIN_TIMEOUT_S):
                begin = place.offset if place.offset >= 0 else OFFSET_BEGINNING
                self._consumer.seek(TopicPartition(place.topic, place.partition, begin))
        except KafkaException as error:
            raise Unavailable(f"Kafka offsets: {error.args[0].str()}") from error

    def _note_begin(self, taken: Iterable[Messages]) -> None:
        """What comes first of a partition says up to where it is done, before we ever commit."""
        for messages in taken:
            for partition, offset in messages.origin.first_offsets().items():
                self._done.setdefault((messages.topic, partition), offset)

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

    def _get(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        places = {(p.topic, p.partition) for p in partitions}
        self._forget(places)
        self._owned |= places
        log.info("partitions_assigned", count=len(partitions), owned=len(self._owned))

    def _give(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        places = {(p.topic, p.partition) for p in partitions}
        self.on_losing(places)
        self._owned -= places
        self._revoked |= places
        self._forget(places)
        log.info("partitions_revoked", count=len(partitions), owned=len(self._owned))

    def _forget(self, places: Collection[Partition]) -> None:
        self._uncommitted -= set(places)
        for place in places:
            self._done.pop(place, None)
        self._taken[:] = [messages.without(places) for messages in self._taken]
        self.on_lost(places)


def _without_errors(polled: Sequence[KafkaMessage]) -> Sequence[KafkaMessage]:
    """Raises Unavailable where one is fatal."""
    wrong = [one for one in polled if one.error() is not None]
    for one in wrong:
        _raise_fatal(one)
    return [one for one in polled if one.error() is None] if wrong else polled


def _raise_fatal(polled: KafkaMessage) -> None:
    error = cast("KafkaError", polled.error())
    if error.fatal():
        raise Unavailable(f"Kafka: {error.str()}")
    log.warning("kafka_error", error=error.name(), topic=polled.topic())


def _places(partitions: Iterable[Partition]) -> list[TopicPartition]:
    return [TopicPartition(topic, partition) for topic, partition in sorted(partitions)]
