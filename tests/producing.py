"""What tests of producers share: a codec without a registry, a Kafka inside librdkafka, a reader of both."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from confluent_kafka import Consumer, Producer, TopicPartition

from producers.hl7.context import MappingConfig
from producers.hl7.mapping import map_message
from producers.hl7.parsing import parse
from schemas.codec import CLASS_BY_NAME, Codec, Record
from schemas.contracts import self_contained
from schemas.errors import UnknownSchemaId
from schemas.events import Event
from schemas.kafka_asking import TELLS_ENDS, asking_settings, log_bounds, messages_before
from schemas.keyring import FileKeyRing
from schemas.phi import open_sealed
from schemas.topics import DEADLETTERS, EVENTS, INSTANCES

SITE = "NORTH"
SITE_KEY = bytes(range(32))
SITE_SECRET = b"an invented secret of the site.."
MAPPING = MappingConfig(SITE, SITE_SECRET, ZoneInfo("Europe/Berlin"))
RECORDED_AT = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
HL7_DATA = Path(__file__).parent / "data" / "hl7"
TOPICS = (EVENTS, INSTANCES, DEADLETTERS)
_PATIENCE_S = 60.0


def offline_codec() -> Codec:
    """Schema ids in the order of the names."""
    names = sorted(CLASS_BY_NAME)
    ids = {name: number for number, name in enumerate(names, start=1)}

    def fetch(schema_id: int) -> str:
        if not 0 < schema_id <= len(names):
            raise UnknownSchemaId(str(schema_id))
        return json.dumps(self_contained(names[schema_id - 1]))

    return Codec(ids, fetch)


@contextmanager
def mock_kafka(*topics: str) -> Iterator[str]:
    """librdkafka's own broker, on a real socket, with these topics: its address."""
    cluster = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1, "log_level": 2})
    brokers = cluster.list_topics(timeout=_PATIENCE_S).brokers.values()
    for topic in topics:
        cluster.list_topics(topic, timeout=_PATIENCE_S)  # the question creates it
    yield ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
    del cluster


def read_all(bootstrap: str, codec: Codec, *topics: str) -> list[Record]:
    """All that stands in the topics now."""
    consumer = Consumer(asking_settings(bootstrap, "tests") | TELLS_ENDS)
    try:
        return [codec.decode(value) for topic in topics or TOPICS for value in _values(consumer, topic)]
    finally:
        consumer.close()


def _values(consumer: Consumer, topic: str) -> Iterator[bytes]:
    partitions = consumer.list_topics(topic, timeout=_PATIENCE_S).topics[topic].partitions
    for partition in partitions:
        low, high = log_bounds(consumer, TopicPartition(topic, partition), _PATIENCE_S)
        for message in messages_before(consumer, TopicPartition(topic, partition, low), high, _PATIENCE_S):
            yield message.value() or b""


def golden_events(raw: bytes, config: MappingConfig = MAPPING) -> list[dict[str, Any]]:
    """The events of a message as JSON, with PHI opened: their sealed form differs each time."""
    with tempfile.TemporaryDirectory() as directory:
        ring = FileKeyRing(Path(directory) / "keys", SITE_KEY)
        events = map_message(parse(raw), config, ring, RECORDED_AT)
        return [_as_json(event, ring) for event in events]


def _as_json(event: Event, ring: FileKeyRing) -> dict[str, Any]:
    envelope = event.envelope
    assert envelope.phi is not None
    phi = open_sealed(ring, envelope.event_id, envelope.phi)
    record = {"event": type(event).__name__, **event.to_record()}
    record["envelope"]["phi"] = {name: value for name, value in phi.to_record().items() if value is not None}
    loaded: dict[str, Any] = json.loads(json.dumps(record, default=_iso))
    return loaded


def _iso(value: object) -> str:
    assert isinstance(value, datetime)
    return value.isoformat()
