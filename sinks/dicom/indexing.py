"""The log of images into the index, whenever somebody needs it to be current."""

from __future__ import annotations

import threading
import time

from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from schemas.codec import Codec
from schemas.errors import DecodeError
from schemas.events import InstanceStored
from schemas.kafka_asking import log_bounds
from schemas.topics import INSTANCES
from sinks.consuming import consumer_settings
from sinks.delivering.errors import Unavailable
from sinks.dicom.index import INDEXED, ImageIndex

_READ_MOST = 1_000
_READ_WAIT_S = 0.05
_TIMEOUT_S = 5.0
_KINDS = {cls.AVRO_NAME.encode() for cls in INDEXED}


class Indexer:
    """Reads every partition from where the index has come to; it is no member of a consumer group."""

    def __init__(self, index: ImageIndex, codec: Codec, bootstrap: str) -> None:
        self._index = index
        self._codec = codec
        self._lock = threading.Lock()
        self._places: dict[int, int] = {}
        self._is_stopped = False
        settings = consumer_settings(bootstrap, "radstream-dicom-out-index", None)
        self._consumer = Consumer(settings)
        # A broker answers one request of a connection after the other: questions would wait for the fetches.
        self._asking = Consumer(settings)

    def catch_up(self, within_s: float) -> None:
        """Return when the index has all that the log has now. May be called from any thread.

        Raises Unavailable where Kafka does not answer, or it takes longer than `within_s`: what was read is
        kept. Raises RegistryUnavailable.
        """
        end_s = time.monotonic() + within_s
        with self._lock:
            try:
                ends = self._ends()
                while any(self._places[partition] < end for partition, end in ends.items()):
                    if self._is_stopped or time.monotonic() > end_s:
                        raise Unavailable("the index of images is still being built")
                    self._read()
            except KafkaException as error:
                raise Unavailable(f"Kafka: {error.args[0].str()}") from error

    def stop(self) -> None:
        """Whoever waits for the index gets Unavailable."""
        self._is_stopped = True

    def close(self) -> None:
        """Stop reading."""
        self.stop()
        with self._lock:
            self._consumer.close()
            self._asking.close()

    def _ends(self) -> dict[int, int]:
        if self._is_stopped:
            raise Unavailable("stopped")
        known = self._asking.list_topics(INSTANCES, timeout=_TIMEOUT_S).topics[INSTANCES].partitions
        if not known:
            raise Unavailable(f"Kafka has no topic {INSTANCES}")
        marks = {
            number: log_bounds(self._asking, TopicPartition(INSTANCES, number), _TIMEOUT_S)
            for number in known
        }
        if set(known) != set(self._places):
            noted = self._index.offsets()
            # Beyond the end: the log was made anew, so from its beginning.
            self._places = {
                number: place if low <= (place := noted.get(number, low)) <= high else low
                for number, (low, high) in marks.items()
            }
            self._consumer.assign([TopicPartition(INSTANCES, *place) for place in self._places.items()])
        return {number: high for number, (_, high) in marks.items()}

    def _read(self) -> None:
        images: list[InstanceStored] = []
        places: dict[int, int] = {}
        for message in self._consumer.consume(_READ_MOST, _READ_WAIT_S):
            error, partition, offset = message.error(), message.partition(), message.offset()
            if error is not None:
                raise Unavailable(f"Kafka: {error.str()}")
            assert partition is not None and offset is not None  # noqa: S101, PT018 - no error, so a message
            places[partition] = offset + 1
            image = self._image(message)
            if image is not None:
                images.append(image)
        if places:
            self._index.add(images, places)
            self._places |= places

    def _image(self, message: Message) -> InstanceStored | None:
        """None for what else stands in the topic, and what is the ClickHouse sink's to dead-letter."""
        value = message.value()
        kind = dict(message.headers() or []).get("ce_type")
        if value is None or (kind is not None and kind not in _KINDS):
            return None
        try:
            record = self._codec.decode(value)
        except DecodeError:
            return None
        return record if isinstance(record, INDEXED) else None
