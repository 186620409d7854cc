"""The reconciler as a process: read, decide, publish, and only then commit.

It reads all partitions itself, since patients and studies know no partition, and keeps its place in the
index; what it commits to Kafka only tells how far it is. A second process says the same events again, which
harms nothing.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import structlog
from confluent_kafka import Message

from processors.reconciler.config import CONSUMED_TOPICS, GROUP_ID, ReconcilerConfig
from processors.reconciler.core import Reconciler
from processors.reconciler.index import Index
from processors.reconciler.intake import Intake
from processors.reconciler.publishing import LogPublisher, NotPublished
from processors.reconciler.reading import LogReader
from schemas.errors import DecodeError
from schemas.events import Event
from schemas.registry import connect_codec

log = structlog.get_logger("reconciler")
INDEX_NAME = "index.sqlite3"


def serve(config: ReconcilerConfig, ready: Callable[[], None] | None = None) -> None:
    """Run until SIGTERM or SIGINT; `ready` is called when the topics are assigned.

    Raises RegistryUnavailable, KafkaException, NotPublished or sqlite3.Error: what was under way is done
    again after the next start.
    """
    with stop_requested() as stop, closing(Index(config.state_directory / INDEX_NAME)) as index:
        codec = connect_codec(config.registry_url)
        publisher = LogPublisher(config.kafka_bootstrap, codec, stop.is_set)
        intake = Intake(Reconciler(index, codec), codec)
        with closing(LogReader(config, index.offsets())) as reader:
            log.info("reconciler_ready", group=GROUP_ID, topics=CONSUMED_TOPICS)
            if ready is not None:
                ready()
            try:
                while not stop.is_set():
                    _work(reader, intake, publisher, index)
            except NotPublished:
                if not stop.is_set():
                    raise
    log.info("reconciler_stopped")


def _work(reader: LogReader, intake: Intake, publisher: LogPublisher, index: Index) -> None:
    messages = reader.read()
    if not messages:
        return
    events = [event for message in messages for event in _taken(intake, message)]
    publisher.publish(events)
    done = {(str(m.topic()), int(m.partition() or 0)): int(m.offset() or 0) + 1 for m in messages}
    index.commit(done)
    reader.commit(done)
    for event in events:
        envelope = event.envelope
        log.info(
            "said", event_id=envelope.event_id, event_type=type(event).__name__, exam_id=envelope.exam_id
        )


def _taken(intake: Intake, message: Message) -> list[Event]:
    try:
        return intake.take(message)
    except DecodeError as error:
        # The fold has dead-lettered the event; a row comes again with the next change of its exam.
        place = {"topic": message.topic(), "partition": message.partition(), "offset": message.offset()}
        log.error("message_unreadable", reason=str(error), **place)
        return []


@contextmanager
def stop_requested() -> Iterator[threading.Event]:
    """An event that SIGTERM and SIGINT set, while it lasts."""
    stop = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
