"""The log into the catalogue: a thread that follows the topic of images."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing, suppress
from hashlib import blake2b

import structlog
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from producers.dicom.catalogue.catalogue import Catalogue
from producers.dicom.catalogue.store import discard, open_to_write
from producers.dicom.catalogue.writing import CatalogueWriter, Place
from producers.faults import place_of
from schemas.codec import Codec
from schemas.errors import SchemaError
from schemas.events import InstanceStored
from schemas.topics import INSTANCES

log = structlog.get_logger("dicom")
_POLL_S = 0.25
_BATCH = 500
# How long a batch is waited for once it has begun: what was said is to be found soon.
_BATCH_S = 0.02
_ASK_TIMEOUT_S = 2.0
_RETRY_S = 2.0


class _OtherTopic(Exception):
    """The topic is not the one that the catalogue was made from."""


class CatalogueReader:
    """The only one who writes the catalogue."""

    def __init__(self, bootstrap: str, codec: Codec, catalogue: Catalogue) -> None:
        """Does not connect yet."""
        self._bootstrap = bootstrap
        self._codec = codec
        self._catalogue = catalogue
        self._behind: set[int] = set()
        self._last: dict[int, Place] = {}
        self._unproved: set[int] = set()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="dicom-catalogue", daemon=True)

    def start(self) -> None:
        """Begin to read; Kafka need not be up yet."""
        self._thread.start()

    def close(self) -> None:
        """Let go of Kafka and of the file."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_ASK_TIMEOUT_S * 3 + _POLL_S)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._follow()
            except (KafkaException, OSError, sqlite3.OperationalError) as error:
                log.warning("catalogue not written, trying again", error=f"{type(error).__name__}: {error}")
                self._stopping.wait(_RETRY_S)
            except (sqlite3.DatabaseError, _OtherTopic) as error:
                log.warning("catalogue is made anew", error=f"{type(error).__name__}: {error}")
                self._catalogue.set_read(is_read=False)
                with suppress(OSError):
                    discard(self._catalogue.path)
                self._stopping.wait(_RETRY_S / 10)
            except Exception as error:  # noqa: BLE001 - a fault of ours must not end the thread unseen
                log.error("catalogue not written", fault=place_of(error))
                self._stopping.wait(_RETRY_S)

    def _follow(self) -> None:
        with closing(open_to_write(self._catalogue.path)) as connection:
            writer = CatalogueWriter(connection)
            consumer = _consumer(self._bootstrap)
            try:
                self._assign(consumer, writer)
                while not self._stopping.is_set():
                    if self._catalogue.take_damage():
                        raise sqlite3.DatabaseError("found damaged")
                    self._take(_batch(consumer), writer)
            finally:
                consumer.close()

    def _assign(self, consumer: Consumer, writer: CatalogueWriter) -> None:
        """Go on with the last message that was written: it proves that the topic is the same."""
        topic = consumer.list_topics(INSTANCES, _ASK_TIMEOUT_S).topics[INSTANCES]
        if topic.error is not None:
            raise KafkaException(topic.error)
        self._behind = set(topic.partitions)
        self._last = writer.places()
        self._unproved = set(self._last)
        consumer.assign(
            [
                TopicPartition(INSTANCES, partition, self._last[partition].offset)
                if partition in self._last
                else TopicPartition(INSTANCES, partition, OFFSET_BEGINNING)
                for partition in topic.partitions
            ]
        )

    def _take(self, messages: Sequence[Message], writer: CatalogueWriter) -> None:
        images: list[InstanceStored] = []
        places: dict[int, Place] = {}
        ended: list[int] = []
        for message in messages:
            partition, error = int(message.partition() or 0), message.error()
            if error is None:
                place = _place(message)
                if self._is_next(partition, place):
                    places[partition] = self._last[partition] = place
                    images += self._images(message)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - the library's name for it
                ended.append(partition)
            elif error.code() == KafkaError._AUTO_OFFSET_RESET:  # noqa: SLF001 - the library's name for it
                raise _OtherTopic("the topic ends before the catalogue")
            elif error.fatal():
                raise KafkaException(error)
        if places:
            writer.write(images, places)
        self._ended(ended)

    def _is_next(self, partition: int, place: Place) -> bool:
        """False for the one that is written already. Raises _OtherTopic where it is another, or earlier."""
        last = self._last.get(partition)
        if partition in self._unproved:
            if place != last:
                raise _OtherTopic("another message stands where the catalogue ends")
            self._unproved.remove(partition)
            return False
        if last is not None and place.offset <= last.offset:
            raise _OtherTopic("the topic begins anew")
        return True

    def _images(self, message: Message) -> list[InstanceStored]:
        try:
            event = self._codec.decode(message.value() or b"")
        except SchemaError as error:
            log.error("image event unreadable", error=type(error).__name__, offset=message.offset())
            return []
        return [event] if isinstance(event, InstanceStored) else []

    def _ended(self, partitions: Sequence[int]) -> None:
        self._behind.difference_update(partitions)
        if partitions and not self._behind and not self._catalogue.is_read():
            self._catalogue.set_read(is_read=True)
            log.info("catalogue read")


def _batch(consumer: Consumer) -> list[Message]:
    first = consumer.poll(_POLL_S)
    return [] if first is None else [first, *consumer.consume(_BATCH, _BATCH_S)]


def _place(message: Message) -> Place:
    return Place(int(message.offset() or 0), blake2b(message.value() or b"", digest_size=16).digest())


def _consumer(bootstrap: str) -> Consumer:
    return Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "radstream-dicom-catalogue",  # the client needs one; offsets are in the catalogue
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "queued.max.messages.kbytes": 8 * 1024,
            "log_level": 3,
        }
    )
