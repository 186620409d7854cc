"""The worklist topic, read from its beginning and then for ever, by one thread.

No consumer group: every dashboard reads every partition, and a restart reads all of it again (the topic
is compacted). What was read is handed on in batches, and the thread waits until each was taken.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, KafkaException, Message, TopicPartition

from dashboards.live import FeedState, FeedStatus, RowChange
from schemas.codec import Codec
from schemas.errors import DecodeError, SchemaError
from schemas.topics import WORKLIST
from schemas.views import WorklistRow

log = structlog.get_logger("dashboard")

_BATCH_MESSAGES = 1_000
_POLL_S = 0.05
_PROBE_EVERY_S = 2.0
_PROBE_TIMEOUT_S = 2.0
_RETRY_S = 1.0


class Taker(Protocol):
    """Who takes what the feed reads; called from the feed's thread, returns when it was taken."""

    def take(self, changes: Sequence[RowChange]) -> None:
        """Rows as they were read."""

    def load_finished(self, exam_ids: frozenset[str]) -> None:
        """The topic was read to its end; `exam_ids` are all that it holds."""

    def report(self, status: FeedStatus) -> None:
        """How the feed stands."""


class FeedInterrupted(Exception):
    """The topic has to be read again from its beginning; the message says why."""


class WorklistFeed:
    """Reads `radstream.worklist.v1` until it is stopped, whatever happens to Kafka or the registry."""

    def __init__(self, bootstrap: str, connect: Callable[[], Codec], taker: Taker) -> None:
        """`connect` gives a codec, or raises SchemaError. Nothing is connected before `start`."""
        self._bootstrap = bootstrap
        self._connect = connect
        self._taker = taker
        self._stopping = threading.Event()
        self._heard_at: datetime | None = None
        self._thread = threading.Thread(target=self._run, name="worklist-feed", daemon=True)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self, timeout_s: float = 2.0) -> None:
        """End; a call that hangs in a dead broker is left behind after `timeout_s`."""
        self._stopping.set()
        self._thread.join(timeout_s)

    def is_alive(self) -> bool:
        """Whether the thread still runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._read(self._connect())
            except (SchemaError, KafkaException, FeedInterrupted) as error:
                log.warning("worklist_feed_interrupted", reason=str(error))
                state = FeedState.CONNECTING if self._heard_at is None else FeedState.STALE
                self._taker.report(FeedStatus(state, self._heard_at, str(error)))
                self._stopping.wait(_RETRY_S)

    def _read(self, codec: Codec) -> None:
        consumer = Consumer(_consumer_settings(self._bootstrap))
        try:
            partitions = _partitions(consumer)
            consumer.assign([TopicPartition(WORKLIST, number, OFFSET_BEGINNING) for number in partitions])
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
            messages = consumer.consume(_BATCH_MESSAGES, timeout=_POLL_S)
            changes = self._changes(messages, codec, unread)
            for change in changes:
                (present.discard if change.row is None else present.add)(change.exam_id)
            self._take(changes)
            if quiet.long_enough(bool(messages)):
                self._probe(consumer, FeedState.LOADING)
        if not self._stopping.is_set():
            log.info("worklist_loaded", exams=len(present))
            self._taker.load_finished(frozenset(present))

    def _follow(self, consumer: Consumer, codec: Codec, partitions: list[int]) -> None:
        quiet = Quiet()
        while not self._stopping.is_set():
            messages = consumer.consume(_BATCH_MESSAGES, timeout=_POLL_S)
            changes = self._changes(messages, codec, set())
            self._take(changes)
            if changes:
                self._heard(FeedState.LIVE)
            if quiet.long_enough(bool(changes)):
                found = self._probe(consumer, FeedState.LIVE)
                if found is not None and found != partitions:
                    raise FeedInterrupted(f"{WORKLIST} has other partitions than before: reading it again")

    def _take(self, changes: list[RowChange]) -> None:
        if changes:
            self._taker.take(changes)

    def _probe(self, consumer: Consumer, state: FeedState) -> list[int] | None:
        """Whether Kafka answers: silence alone may be a quiet night."""
        try:
            found = _partitions(consumer)
        except (KafkaException, FeedInterrupted) as error:
            self._taker.report(FeedStatus(FeedState.STALE, self._heard_at, str(error)))
            return None
        self._heard(state)
        return found

    def _heard(self, state: FeedState) -> None:
        self._heard_at = datetime.now(UTC)
        self._taker.report(FeedStatus(state, self._heard_at))

    def _changes(self, messages: Sequence[Message], codec: Codec, unread: set[int]) -> list[RowChange]:
        changes: list[RowChange] = []
        for message in messages:
            error = message.error()
            if error is None:
                change = _change(message, codec)
                if change is not None:
                    changes.append(change)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library's own public name
                unread.discard(message.partition())
            elif error.code() == KafkaError._AUTO_OFFSET_RESET or error.fatal():  # noqa: SLF001 - as above
                raise FeedInterrupted(f"{WORKLIST} is not the topic that it was: reading it again")
        return changes


class Quiet:
    """Measures silence."""

    def __init__(self) -> None:
        """It begins now."""
        self._since = datetime.now(UTC)

    def long_enough(self, heard: bool) -> bool:  # noqa: FBT001 - one question, one answer
        """Whether it was quiet for so long that Kafka should be asked whether it is there."""
        now = datetime.now(UTC)
        if heard:
            self._since = now
        elif (now - self._since).total_seconds() >= _PROBE_EVERY_S:
            self._since = now
            return True
        return False


def _consumer_settings(bootstrap: str) -> dict[str, Any]:
    return {
        "bootstrap.servers": bootstrap,
        # The client insists on a name; nothing is ever committed under it.
        "group.id": f"radstream.dashboard.{uuid.uuid4()}",
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "enable.partition.eof": True,
        # An offset that is gone means another topic under the old name: start over, never skip.
        "auto.offset.reset": "error",
        "allow.auto.create.topics": False,
        "reconnect.backoff.max.ms": 2_000,
        "fetch.wait.max.ms": 100,
        "log_level": 2,
    }


def _partitions(consumer: Consumer) -> list[int]:
    topic = consumer.list_topics(WORKLIST, timeout=_PROBE_TIMEOUT_S).topics.get(WORKLIST)
    if topic is None or topic.error is not None or not topic.partitions:
        raise FeedInterrupted(f"Kafka has no topic {WORKLIST} yet: it is created when the pipeline starts")
    return sorted(topic.partitions)


def _change(message: Message, codec: Codec) -> RowChange | None:
    key, value = message.key(), message.value()
    if value is None:
        return None if key is None else RowChange(bytes(key).decode(errors="replace"), None)
    try:
        row = codec.decode(bytes(value))
    except DecodeError as error:
        where = {"partition": message.partition(), "offset": message.offset()}
        log.error("worklist_row_unreadable", reason=str(error), **where)
        return None
    return RowChange(row.exam_id, row) if isinstance(row, WorklistRow) else None
