"""The log as one destination reads it: a consumer group of its own, in a thread of its own."""

from __future__ import annotations

import structlog
from confluent_kafka import OFFSET_INVALID, Consumer, KafkaException, Message, TopicPartition

from schemas.kafka_asking import log_bounds
from schemas.topics import EVENTS
from sinks.consuming import consumer_settings
from sinks.delivering.errors import Unavailable
from sinks.delivering.job import Receiver

log = structlog.get_logger(__name__)
_TIMEOUT_S = 5.0


class LogReader:
    """All calls block, and come from one thread; rebalances happen inside `read`."""

    def __init__(
        self, destination: Receiver, bootstrap: str, instance_id: str | None, topic: str = EVENTS
    ) -> None:
        self._destination = destination
        self._topic = topic
        self._lost: set[int] = set()
        self._owned: set[int] = set()
        self._paused = False
        self._consumer = Consumer(_settings(destination, bootstrap, instance_id))

    def subscribe(self) -> None:
        """Join the group; a new destination that begins now first notes where now is.

        Raises Unavailable.
        """
        try:
            if self._destination.start == "now":
                self._note_now()
            self._consumer.subscribe(
                [self._topic], on_assign=self._assigned, on_revoke=self._revoked, on_lost=self._revoked
            )
        except KafkaException as error:
            raise Unavailable(f"Kafka: {error.args[0].str()}") from error

    def read(self, most: int, timeout_s: float) -> list[Message]:
        """What there is, at most `most` messages; waits `timeout_s` for the first.

        Raises Unavailable where this member can go on no more.
        """
        found = []
        for message in self._consumer.consume(most, timeout_s):
            error = message.error()
            if error is None:
                found.append(message)
            elif error.fatal():
                raise Unavailable(f"Kafka: {error.str()}")
            else:
                log.warning("kafka_error", error=error.name(), destination=self._destination.name)
        return found

    def take_lost(self) -> set[int]:
        """Partitions that went to somebody else since the last call."""
        lost, self._lost = self._lost, set()
        return lost

    def hold(self, *, is_full: bool) -> None:
        """Read no further while too much waits, but stay a member."""
        if is_full == self._paused:
            return
        self._paused = is_full
        (self._consumer.pause if is_full else self._consumer.resume)(self._places())

    def commit(self, offsets: dict[int, int]) -> dict[int, int]:
        """Of `offsets` those that Kafka has taken; the rest goes along with the next."""
        places = [TopicPartition(self._topic, p, o) for p, o in offsets.items() if p in self._owned]
        if not places:
            return {}
        try:
            answers = self._consumer.commit(offsets=places, asynchronous=False) or []
        except KafkaException as error:
            log.warning("commit_failed", error=error.args[0].name(), destination=self._destination.name)
            return {}
        return {answer.partition: answer.offset for answer in answers if answer.error is None}

    def lag(self) -> int:
        """Messages yet to be read, as last seen."""
        left = 0
        for place in self._consumer.position(self._places()):
            high = self._consumer.get_watermark_offsets(place, cached=True)[1]
            if high >= 0 and place.offset >= 0:
                left += max(0, high - place.offset)
        return left

    def close(self) -> None:
        """Leave the group."""
        self._consumer.close()

    def _note_now(self) -> None:
        known = self._consumer.list_topics(self._topic, timeout=_TIMEOUT_S).topics[self._topic].partitions
        if not known:
            raise Unavailable(f"Kafka has no topic {self._topic}")
        places = [TopicPartition(self._topic, partition) for partition in known]
        new = [
            TopicPartition(self._topic, place.partition, log_bounds(self._consumer, place, _TIMEOUT_S)[1])
            for place in self._consumer.committed(places, _TIMEOUT_S)
            if place.offset == OFFSET_INVALID
        ]
        if new:
            self._consumer.commit(offsets=new, asynchronous=False)

    def _places(self) -> list[TopicPartition]:
        return [TopicPartition(self._topic, partition) for partition in sorted(self._owned)]

    def _assigned(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._owned |= {place.partition for place in partitions}
        if self._paused:
            consumer.assign(partitions)
            consumer.pause(partitions)

    def _revoked(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        gone = {place.partition for place in partitions}
        self._owned -= gone
        self._lost |= gone


def _settings(destination: Receiver, bootstrap: str, instance_id: str | None) -> dict[str, object]:
    member = instance_id and f"{instance_id}-{destination.name}"
    # Where nothing is committed the destination begins at the beginning, or `_note_now` has been there.
    return {
        **consumer_settings(bootstrap, destination.group_id, member),
        "client.id": destination.group_id,
        # A sink may have to read much before it can choose (an index of images); a dead process is seen by
        # its missing heartbeats.
        "max.poll.interval.ms": 1_800_000,
        "queued.max.messages.kbytes": 16 * 1024,
    }
