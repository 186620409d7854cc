"""Events and dead letters as records of Kafka: topic, key, value and headers."""

from __future__ import annotations

from producers.kafka_connection import Record, RecordTooLarge
from schemas.cloudevents import CONTENT_TYPE, Headers, headers
from schemas.codec import Codec
from schemas.deadletters import DeadLetter
from schemas.events import Event
from schemas.topics import DEADLETTERS, topic_of

# As Kafka and its clients have it by default: every broker and every subscriber takes a record of this size.
_LARGEST_EVENT_BYTES = 1_000_000


def event_record(event: Event, codec: Codec) -> Record:
    """Keyed by exam. Raises RecordTooLarge where not every subscriber could take it."""
    value = codec.encode(event)
    if len(value) > _LARGEST_EVENT_BYTES:
        raise RecordTooLarge(f"an event of more than {_LARGEST_EVENT_BYTES} bytes")
    return Record(topic_of(event.AVRO_NAME), event.envelope.exam_id.encode(), value, headers(event))


def letter_record(letter: DeadLetter, codec: Codec) -> Record:
    """Keyed by its own id: the same failure has one."""
    kind: Headers = [("ce_type", letter.AVRO_NAME.encode()), ("content-type", CONTENT_TYPE.encode())]
    return Record(DEADLETTERS, letter.dead_letter_id.encode(), codec.encode(letter), kind)
