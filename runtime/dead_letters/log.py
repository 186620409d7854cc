"""Dead letters of what reads the log: the message published again, or the delivery made after all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from confluent_kafka import KafkaError, KafkaException, Producer

from runtime.dead_letters.outcome import DELIVERED, REPUBLISHED, CannotRetry, Outcome
from schemas.cloudevents import headers
from schemas.codec import Codec
from schemas.deadletters import DeadLetter
from schemas.errors import DecodeError, KeyDestroyed, PhiError
from schemas.events import EVENT_CLASSES, Event
from schemas.parts import Phi
from schemas.phi import KeyRing, open_sealed
from schemas.topics import AUDIT, EVENTS, GOVERNANCE, INSTANCES, TARGETS
from sinks.delivering.errors import NoAnswer, NotSendable, Unreachable
from sinks.delivering.saying import Speaker
from sinks.hl7.connection import MllpConnection
from sinks.hl7.destinations import Destination
from sinks.hl7.messages import control_id, render
from sinks.hl7.outcomes import delivered

# A row of a view is made again by the fold; an old one would overwrite a newer in its compacted topic.
_LOGS = (EVENTS, INSTANCES, AUDIT, GOVERNANCE, TARGETS)
_TIMEOUT_S = 10.0


def publish_again(payload: bytes, letter: DeadLetter, codec: Codec, bootstrap: str) -> Outcome:
    """The message to its topic again: same key, same bytes, same ids, so whoever has it already drops it.

    Raises CannotRetry.
    """
    topic = letter.kafka_topic or letter.source_message_id.partition("/")[0]
    if topic not in _LOGS:
        raise CannotRetry(
            f"a row of {topic or 'a view'} is written anew with the next event of its exam: publishing this "
            "one again could overwrite a newer"
        )
    event = event_of(payload, codec)
    key = event.envelope.exam_id.encode() if letter.kafka_key is None else letter.kafka_key
    failed: list[str] = []

    def report(error: KafkaError | None, _message: object) -> None:
        if error is not None:
            failed.append(error.str())

    settings = {"bootstrap.servers": bootstrap, "acks": "all", "enable.idempotence": True}
    producer = Producer({**settings, "message.max.bytes": len(payload) + 1_000_000})
    try:
        # Without a number the key chooses the partition, as it did the first time.
        producer.produce(topic, key=key, value=payload, headers=list(headers(event)), on_delivery=report)
        missing = producer.flush(_TIMEOUT_S)
    except (KafkaException, BufferError) as error:
        raise CannotRetry(f"Kafka: {type(error).__name__}") from error
    if failed or missing:
        raise CannotRetry(f"Kafka: {failed[0] if failed else 'no answer'}")
    return Outcome(REPUBLISHED, topic)


async def deliver_again(
    payload: bytes,
    letter: DeadLetter,
    *,
    codec: Codec,
    ring: KeyRing,
    destinations: Sequence[Destination],
    speaker: Speaker,
    now: Callable[[], datetime],
) -> Outcome:
    """The event to its destination, as it is configured now. Raises CannotRetry."""
    event = event_of(payload, codec)
    to = next((one for one in destinations if one.name == letter.destination), None)
    if to is None:
        raise CannotRetry(f"no destination is called {letter.destination}: see RADSTREAM_HL7_DESTINATIONS")
    connection = MllpConnection(to)
    try:
        answer = await connection.send(_rendered(event, ring, to), control_id(event, to))
    except NotSendable as error:
        raise CannotRetry(f"{error.reason}: {error.detail}") from error
    except (Unreachable, NoAnswer) as error:
        raise CannotRetry(f"{to.name}: {type(error).__name__} {error}") from error
    finally:
        await connection.close()
    if not answer.is_accepted:
        return Outcome(None, answer.code)
    said = delivered(event, to.name, 1, now())
    speaker.say([said] if said else [])
    return Outcome(DELIVERED, answer.code)


def event_of(payload: bytes, codec: Codec) -> Event:
    """The event of a letter. Raises CannotRetry."""
    try:
        record = codec.decode(payload)
    except DecodeError as error:
        raise CannotRetry(f"still no event that this version can read: {type(error).__name__}") from error
    if not isinstance(record, EVENT_CLASSES):
        raise CannotRetry(f"{record.AVRO_NAME} is no event")
    return record


def _rendered(event: Event, ring: KeyRing, to: Destination) -> bytes:
    envelope = event.envelope
    try:
        phi = Phi() if envelope.phi is None else open_sealed(ring, envelope.event_id, envelope.phi)
    except KeyDestroyed as error:
        raise CannotRetry("the patient was erased: there is nothing left to send") from error
    except PhiError as error:
        raise CannotRetry(f"the patient's data cannot be opened: {type(error).__name__}") from error
    return render(event, phi, to)
