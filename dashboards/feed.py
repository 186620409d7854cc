"""A compacted topic, read from its beginning and then for ever, by one thread.

No consumer group: every dashboard reads every partition, and a restart reads all of it again (the topic
is compacted). What was read is handed on in batches, and the thread waits until each was taken.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, Protocol

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from dashboards.live import ChangeOf, FeedState, FeedStatus, Row
from dashboards.quiet import Quiet
from dashboards.worklist_topic import (
    FeedInterrupted,
    consumer_settings,
    partitions_of,
)
from schemas.codec import Codec
from schemas.errors import SchemaError

log = structlog.get_logger("dashboard")

_BATCH_MESSAGES = 1_000
# How long a turn waits for the first message; a stop is noticed as late as this.
_POLL_S = 0.2
_RETRY_S = 1.0
# A client that has not come back by itself in this time is replaced by a new one.
_RENEW_AFTER_S = 15.0
# Every turn of the thread is far shorter: after this long it hangs.
_HANGS_AFTER_S = 120.0


class Taker(Protocol[Row]):
    """Who takes what the feed reads; called from the feed's thread, returns when it was taken."""

    def take(self, changes: Sequence[ChangeOf[Row]]) -> None:
        """Rows as they were read."""

    def load_finished(self, keys: frozenset[str], /) -> None:
        """The topic was read to its end; `keys` are all that it holds."""

    def report(self, status: FeedStatus) -> None:
        """How the feed stands."""


@dataclass(frozen=True, slots=True)
class Source(Generic[Row]):
    """A topic, and what each of its messages says; None where that cannot be read."""

    topic: str
    change_of: Callable[[Message, Codec], ChangeOf[Row] | None]


class TopicFeed(Generic[Row]):
    """Reads one topic until it is stopped, whatever happens to Kafka or the registry."""

    def __init__(
        self, source: Source[Row], bootstrap: str, connect: Callable[[], Codec], taker: Taker[Row]
    ) -> None:
        """`connect` gives a codec, or raises SchemaError. Nothing is connected before `start`."""
        self._source = source
        self._bootstrap = bootstrap
        self._connect = connect
        self._taker = taker
        self._stopping = threading.Event()
        self._heard_at: datetime | None = None
        self._turned_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name=source.topic, daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """End; a call that hangs in a dead broker is left behind after `timeout_s`."""
        self._stopping.set()
        self._thread.join(timeout_s)

    def is_alive(self) -> bool:
        """Whether the thread still runs and does not hang."""
        return self._thread.is_alive() and time.monotonic() - self._turned_s < _HANGS_AFTER_S

    def _run(self) -> None:
        told = ""
        while not self._stopping.is_set():
            self._turned_s = time.monotonic()
            try:
                self._read(self._connect())
            except (SchemaError, KafkaException, FeedInterrupted) as error:
                if str(error) != told:
                    log.warning("feed_interrupted", topic=self._source.topic, reason=(told := str(error)))
                state = FeedState.CONNECTING if self._heard_at is None else FeedState.STALE
                self._taker.report(FeedStatus(state, self._heard_at, str(error)))
                self._stopping.wait(_RETRY_S)

    def _read(self, codec: Codec) -> None:
        consumer = Consumer(consumer_settings(self._bootstrap))
        try:
            topic = self._source.topic
            partitions = partitions_of(consumer, topic)
            consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in partitions])
            self._heard(FeedState.LOADING)
            self._load(consumer, codec, set(partitions))
            self._heard(FeedState.LIVE)
            self._follow(consumer, codec, partitions)
        finally:
            consumer.close()

    def _load(self, consumer: Consumer, codec: Codec, unread: set[int]) -> None:
        present: set[str] = set()
        quiet = Quiet()
        while unread and not self._stopping.is_set():
            messages = self._messages(consumer)
            changes = self._changes(messages, codec, unread)
            for change in changes:
                (present.discard if change.row is None else present.add)(change.key)
            self._take(changes)
            if quiet.long_enough(bool(messages)):
                self._probe(consumer, FeedState.LOADING)
        if not self._stopping.is_set():
            log.info("topic_loaded", topic=self._source.topic, keys=len(present))
            self._taker.load_finished(frozenset(present))

    def _follow(self, consumer: Consumer, codec: Codec, partitions: list[int]) -> None:
        quiet = Quiet()
        while not self._stopping.is_set():
            changes = self._changes(self._messages(consumer), codec, set())
            self._take(changes)
            if changes:
                self._heard(FeedState.LIVE)
            if quiet.long_enough(bool(changes)):
                found = self._probe(consumer, FeedState.LIVE)
                if found is not None and found != partitions:
                    raise FeedInterrupted(f"{self._source.topic} has other partitions now: reading it again")

    def _messages(self, consumer: Consumer) -> Sequence[Message]:
        self._turned_s = time.monotonic()
        # `consume` with a timeout waits for all of the batch: one change would wait for others to come.
        first = consumer.poll(_POLL_S)
        return [] if first is None else [first, *consumer.consume(_BATCH_MESSAGES - 1, 0)]

    def _take(self, changes: list[ChangeOf[Row]]) -> None:
        if changes:
            self._taker.take(changes)

    def _probe(self, consumer: Consumer, state: FeedState) -> list[int] | None:
        """Whether Kafka answers: silence alone may be a quiet night."""
        try:
            found = partitions_of(consumer, self._source.topic)
        except (KafkaException, FeedInterrupted) as error:
            self._taker.report(FeedStatus(FeedState.STALE, self._heard_at, str(error)))
            self._renew_if_overdue()
            return None
        self._heard(state)
        return found

    def _renew_if_overdue(self) -> None:
        if self._heard_at is None or (datetime.now(UTC) - self._heard_at).total_seconds() > _RENEW_AFTER_S:
            raise FeedInterrupted("Kafka gives no answer: connecting anew")

    def _heard(self, state: FeedState) -> None:
        self._heard_at = datetime.now(UTC)
        self._taker.report(FeedStatus(state, self._heard_at))

    def _changes(self, messages: Sequence[Message], codec: Codec, unread: set[int]) -> list[ChangeOf[Row]]:
        changes: list[ChangeOf[Row]] = []
        for message in messages:
            error = message.error()
            if error is None:
                change = self._source.change_of(message, codec)
                if change is not None:
                    changes.append(change)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library's own public name
                unread.discard(message.partition())
            elif error.code() == KafkaError._AUTO_OFFSET_RESET or error.fatal():  # noqa: SLF001 - as above
                raise FeedInterrupted(f"{self._source.topic} is not the topic that it was: reading it again")
        return changes
