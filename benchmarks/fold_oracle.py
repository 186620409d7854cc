"""What the fold's topics hold, against the offline fold of the whole log: exam by exam, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from uuid import uuid4

from confluent_kafka import Consumer, KafkaError, TopicPartition

from processors.exam_state import ExamState
from processors.fold import fold
from processors.state_codec import decode_state, encode_state
from processors.turnaround import turnaround_row
from processors.worklist import worklist_row
from schemas.codec import Codec, Record
from schemas.events import EVENT_CLASSES, Event
from schemas.topics import DEADLETTERS, EVENTS, FOLD_CHANGELOG, TURNAROUND, WORKLIST

_TIMEOUT_S = 20.0
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Views:
    """By exam id: its state, and its row of each view."""

    states: Mapping[str, ExamState]
    worklist: Mapping[str, Record]
    turnaround: Mapping[str, Record]


def offline(events: Iterable[Event]) -> Views:
    """The oracle."""
    states = fold(list(events))
    return Views(
        states,
        {exam_id: worklist_row(state) for exam_id, state in states.items()},
        {exam_id: turnaround_row(state) for exam_id, state in states.items()},
    )


def log_events(bootstrap: str, codec: Codec) -> list[Event]:
    """Every event of the log."""
    records = (codec.decode(value) for _, _, value in read_topic(bootstrap, EVENTS) if value is not None)
    return [record for record in records if isinstance(record, EVENT_CLASSES)]


def published(bootstrap: str, codec: Codec) -> Views:
    """What stands in the changelog and in the compacted topics now."""
    return Views(
        {key.decode(): decode_state(value) for key, value in _latest(bootstrap, FOLD_CHANGELOG).items()},
        {key.decode(): codec.decode(value) for key, value in _latest(bootstrap, WORKLIST).items()},
        {key.decode(): codec.decode(value) for key, value in _latest(bootstrap, TURNAROUND).items()},
    )


def differences(found: Views, wanted: Views) -> list[str]:
    """What is missing, too much, or another value: one line each, empty where all is equal."""
    lines: list[str] = []
    lines += _differences("worklist", found.worklist, wanted.worklist)
    lines += _differences("turnaround", found.turnaround, wanted.turnaround)
    for exam_id in found.states.keys() | wanted.states.keys():
        has, should = found.states.get(exam_id), wanted.states.get(exam_id)
        if has is None or should is None:
            lines.append(f"state of {exam_id}: {'missing' if has is None else 'too much'}")
        elif encode_state(has) != encode_state(should):
            lost, foreign = should.facts.keys() - has.facts.keys(), has.facts.keys() - should.facts.keys()
            lines.append(
                f"state of {exam_id}: lost {sorted(lost)}, foreign {sorted(foreign)}, {has.rebuild!r}"
            )
    return lines


def _differences(view: str, found: Mapping[str, Record], wanted: Mapping[str, Record]) -> Iterator[str]:
    for exam_id in sorted(found.keys() | wanted.keys()):
        if exam_id not in found or exam_id not in wanted:
            yield f"{view} of {exam_id}: {'missing' if exam_id not in found else 'too much'}"
        elif found[exam_id] != wanted[exam_id]:
            has, should = found[exam_id].to_record(), wanted[exam_id].to_record()
            fields = [f"{name} {has[name]} != {should[name]}" for name in should if has[name] != should[name]]
            yield f"{view} of {exam_id}: {'; '.join(fields)}"


def dead_letters(bootstrap: str) -> int:
    """How many dead letters there are."""
    return sum(1 for _ in read_topic(bootstrap, DEADLETTERS))


def shown(lines: list[str]) -> str:
    """The first lines, and how many there are."""
    return "\n".join([f"{len(lines)} differences", *lines[:_SHOWN]])


def _latest(bootstrap: str, topic: str) -> dict[bytes, bytes]:
    """The last value by key. Raises RuntimeError where one key stands in two partitions."""
    latest: dict[bytes, bytes] = {}
    partition_of: dict[bytes, int] = {}
    for partition, key, value in read_topic(bootstrap, topic):
        if partition_of.setdefault(key, partition) != partition:
            raise RuntimeError(f"{topic}: {key!r} stands in partitions {partition_of[key]} and {partition}")
        if value is None:
            latest.pop(key, None)
        else:
            latest[key] = value
    return latest


def read_topic(bootstrap: str, topic: str) -> Iterator[tuple[int, bytes, bytes | None]]:
    """Partition, key and value of every message, each partition in its order. Raises RuntimeError."""
    settings = {"bootstrap.servers": bootstrap, "group.id": str(uuid4()), "enable.partition.eof": True}
    with closing(Consumer({**settings, "enable.auto.commit": False})) as consumer:
        partitions = consumer.list_topics(topic, _TIMEOUT_S).topics[topic].partitions
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        open_partitions = set(partitions)
        while open_partitions:
            message = consumer.poll(_TIMEOUT_S)
            if message is None:
                raise RuntimeError(f"{topic}: Kafka gives no message that it has")
            partition, error = message.partition() or 0, message.error()
            if error is None:
                yield partition, bytes(message.key() or b""), message.value()
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - librdkafka's name for it
                open_partitions.discard(partition)
            else:
                raise RuntimeError(f"{topic}: {error.str()}")
