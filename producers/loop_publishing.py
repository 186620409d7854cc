"""Publishing from an event loop, without a thread: the loop itself asks librdkafka for the delivery reports.

librdkafka calls back once per record. From a thread each call fights the loop for the interpreter's lock, and
a busy loop gives it up only every few milliseconds; asked from the loop, a batch of reports costs one call.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence

import structlog
from confluent_kafka import KafkaError, Message

from producers.faults import place_of
from producers.kafka_connection import (
    KafkaConnection,
    PublisherConfig,
    PublishFailed,
    Record,
    failure_of,
)
from producers.records import event_record, letter_record
from schemas.codec import Codec
from schemas.deadletters import DeadLetter
from schemas.events import Event

log = structlog.get_logger("publishing")

OnDone = Callable[[PublishFailed | None], None]
"""Called once, in the loop: None where Kafka has acknowledged everything, else why not."""

_POLL_EVERY_S = 0.001


class _Publish:
    """One publish on its way."""

    __slots__ = ("_missing", "_on_done", "deadline_s")

    def __init__(self, expected: int, on_done: OnDone, deadline_s: float) -> None:
        self._missing = expected
        self._on_done: OnDone | None = on_done
        self.deadline_s = deadline_s

    @property
    def is_done(self) -> bool:
        return self._on_done is None

    def report(self, error: KafkaError | None, _message: Message) -> None:
        """librdkafka's delivery report of one record."""
        if error is not None:
            self.end(failure_of(error))
            return
        self._missing -= 1
        if self._missing == 0:
            self.end(None)

    def end(self, error: PublishFailed | None) -> None:
        """Done, unless it is already. A fault of the caller's must not stop the reports of the others."""
        on_done, self._on_done = self._on_done, None
        if on_done is None:
            return
        try:
            on_done(error)
        except Exception as fault:  # noqa: BLE001 - any: it would come out of librdkafka's poll
            log.error("fault after a publish", fault=place_of(fault))


class LoopPublisher:
    """Publishes from the running event loop; every method is called in it."""

    def __init__(self, config: PublisherConfig, codec: Codec) -> None:
        """Connects lazily: Kafka need not be up yet."""
        self._config = config
        self._codec = codec
        self._loop = asyncio.get_running_loop()
        self._connection = KafkaConnection(config)
        self._on_the_way: deque[_Publish] = (
            deque()
        )  # in the order of their deadlines: all have the same bound
        self._timer: asyncio.TimerHandle | None = None

    def publish(self, events: Sequence[Event], on_done: OnDone) -> None:
        """Queue every event; calls keep their order. Raises what the codec raises, having queued nothing."""
        try:
            records = [event_record(event, self._codec) for event in events]
        except PublishFailed as error:
            on_done(error)
            return
        self._begin(records, on_done)

    def publish_dead_letter(self, letter: DeadLetter, on_done: OnDone) -> None:
        """As `publish`."""
        self._begin([letter_record(letter, self._codec)], on_done)

    async def close(self, timeout_s: float = 1.0) -> None:
        """Wait at most `timeout_s` for what is on the way, then let go."""
        until_s = self._loop.time() + timeout_s
        while self._on_the_way and self._loop.time() < until_s:  # noqa: ASYNC110 - librdkafka has no event
            await asyncio.sleep(_POLL_EVERY_S)
        if self._timer is not None:
            self._timer.cancel()
        missing = await asyncio.to_thread(self._connection.close, 0.0)
        if missing:
            log.warning("closed with unacknowledged records", records=missing)

    def _begin(self, records: Sequence[Record], on_done: OnDone) -> None:
        publish = _Publish(len(records), on_done, self._loop.time() + self._config.delivery_timeout_s)
        if not records:
            publish.end(None)
            return
        if self._timer is None:
            self._connection.poll(0)  # errors that came while nobody asked
        connection = self._usable_connection()
        try:
            for record in records:
                connection.send(record, publish.report)
        except PublishFailed as error:
            publish.end(error)
            return
        self._on_the_way.append(publish)
        if self._timer is None:
            self._timer = self._loop.call_later(_POLL_EVERY_S, self._poll)

    def _poll(self) -> None:
        self._connection.poll(0)
        now_s = self._loop.time()
        waiting = self._on_the_way
        while waiting and (waiting[0].is_done or waiting[0].deadline_s <= now_s):
            # librdkafka looks for overdue records only once a second: the bound is kept here.
            waiting.popleft().end(PublishFailed(self._config.overdue()))
        self._timer = self._loop.call_later(_POLL_EVERY_S, self._poll) if waiting else None

    def _usable_connection(self) -> KafkaConnection:
        if self._connection.broken.is_set():
            threading.Thread(target=self._connection.close, args=(0.0,), daemon=True).start()
            self._connection = KafkaConnection(self._config)
        return self._connection
