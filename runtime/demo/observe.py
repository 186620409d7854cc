"""Looks into Kafka, ClickHouse and the object store for what became of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import cast

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from runtime.analytics import analytics_client
from runtime.demo.account import Acknowledged, Observed
from runtime.installation import Installation
from runtime.lag import read_lag, read_watermarks
from runtime.objects import object_client
from schemas.codec import Codec
from schemas.events import EVENT_CLASSES, Event
from schemas.kafka_asking import asking_settings
from schemas.topics import EVENTS, INSTANCES

Offsets = Mapping[tuple[str, int], int]
_POLL_S = 1.0
_SOURCES = (EVENTS, INSTANCES)


def ends_of_log(bootstrap: str) -> Offsets:
    """Where the log ends now. Raises KafkaException."""
    return read_watermarks(bootstrap, _SOURCES).ends


class LogReader:
    """Reads the log from given offsets on; each call of `read` goes on where the last one ended."""

    def __init__(self, bootstrap: str, codec: Codec, start: Offsets) -> None:
        self._bootstrap = bootstrap
        self._codec = codec
        self._next = dict(start)

    def read(self) -> Iterator[Event]:
        """The events between the last place and the log's end as it is now. Raises KafkaException."""
        ends = ends_of_log(self._bootstrap)
        places = [TopicPartition(t, p, self._next.get((t, p), 0)) for t, p in ends]
        consumer = Consumer(asking_settings(self._bootstrap, "radstream-demo"))
        consumer.assign(places)
        try:
            while any(self._next.get(place, 0) < end for place, end in ends.items()):
                message = consumer.poll(_POLL_S)
                if message is not None:
                    yield from self._event(message)
        finally:
            consumer.close()

    def _event(self, message: Message) -> Iterator[Event]:
        error = message.error()
        if error is not None:
            if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name for it
                return
            raise KafkaException(error)
        self._next[str(message.topic()), cast("int", message.partition())] = cast("int", message.offset()) + 1
        record = self._codec.decode(cast("bytes", message.value()))
        if isinstance(record, EVENT_CLASSES):
            yield record


class Observer:
    """Gathers what is there of one run."""

    def __init__(self, installation: Installation, codec: Codec, start: Offsets) -> None:
        """`start`: the log's ends before the run."""
        self._installation = installation
        self._log = LogReader(installation.kafka_bootstrap, codec, start)
        self._events: list[tuple[str, str, str]] = []

    def unreconciled(self) -> int:
        """Messages that the reconciler has yet to read; 0 where Kafka does not say."""
        return read_lag(self._installation.kafka_bootstrap, "reconciler") or 0

    def observe(self, acknowledged: Acknowledged) -> Observed:
        """What is there now of what was acknowledged."""
        for event in self._log.read():
            envelope = event.envelope
            self._events.append((envelope.event_id, envelope.exam_id, envelope.source_message_id))
        exam_ids = acknowledged.exam_ids
        of_run = [
            (event_id, message_id)
            for event_id, exam_id, message_id in self._events
            if exam_id in exam_ids or message_id in acknowledged.control_ids
        ]
        return Observed(
            logged=dict(of_run),
            deliveries=len(of_run),
            analysed=self._analysed({event_id for event_id, _ in of_run}),
            worklist=self._worklist(exam_ids),
            objects=self._objects(exam_ids),
        )

    def _analysed(self, event_ids: set[str]) -> Mapping[str, int]:
        found: Counter[str] = Counter()
        for table in ("events", "instances"):
            rows = self._query(f"SELECT toString(event_id), count() FROM {table} FINAL GROUP BY event_id")  # noqa: S608
            found.update({event_id: rows_ for event_id, rows_ in rows if event_id in event_ids})
        return found

    def _worklist(self, exam_ids: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for exam_id, stages in self._query(
            "SELECT exam_id, groupArray(stage) FROM worklist FINAL GROUP BY exam_id"
        ):
            if exam_id in exam_ids:
                found[exam_id] = tuple(stages)
        return found

    def _objects(self, exam_ids: frozenset[str]) -> Mapping[str, int]:
        client = object_client(self._installation)
        keys = self._query("SELECT exam_id, object_key FROM instances FINAL")
        prefixes = {key.rsplit("/", 2)[0] + "/" for exam_id, key in keys if exam_id in exam_ids}
        found: Counter[str] = Counter()
        for prefix in sorted(prefixes):
            for item in client.list_objects(self._installation.settings.s3_bucket, prefix, recursive=True):
                found[str(item.object_name).rsplit("/", 1)[1].removesuffix(".dcm")] += 1
        return found

    def _query(self, query: str) -> list[tuple[str, ...]]:
        client = analytics_client(self._installation)
        try:
            return [tuple(row) for row in client.query(query).result_rows]
        finally:
            client.close()
