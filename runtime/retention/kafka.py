"""Messages of a topic that are older than a rule says, and that the archive has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from runtime.archive import archive_store_config, trusted_keys
from runtime.governance.session import Session
from runtime.retention.planned import Planned
from runtime.retention.rules import Rule
from runtime.topic_records import TopicUnreadable
from schemas.kafka_asking import QUIET, asking_settings, log_bounds
from sinks.archive.chain import read_end
from sinks.archive.keys import trusted
from sinks.archive.names import Place
from sinks.archive.store import ArchiveStore

_TIMEOUT_S = 10.0


def plan_messages(session: Session, rule: Rule, now: datetime) -> tuple[Planned, dict[int, int]]:
    """What would go, and by partition the offset before which it does: never what is not archived.

    Raises TopicUnreadable, ArchiveError.
    """
    planned = Planned(rule=rule, place=rule.place, before=rule.before(now))
    planned.notes.append("the archive has them all, those of held exams as well")
    offsets: dict[int, int] = {}
    with _consumer(session) as consumer:
        for partition, archived in _archived(session, consumer, rule.place):
            place = TopicPartition(rule.place, partition)
            low, high = log_bounds(consumer, place, _TIMEOUT_S)
            before_ms = int(planned.before.timestamp() * 1000)
            asked = TopicPartition(rule.place, partition, before_ms)
            found = consumer.offsets_for_times([asked], _TIMEOUT_S)[0].offset
            until = min(high if found < 0 else found, archived)
            if until > low:
                offsets[partition] = until
                planned.items += until - low
                _see_oldest(consumer, place, low, planned)
    return planned, offsets


def remove_messages(session: Session, planned: Planned, offsets: dict[int, int]) -> int:
    """How many went. Raises TopicUnreadable."""
    admin = AdminClient({"bootstrap.servers": session.installation.kafka_bootstrap})
    wanted = [TopicPartition(planned.place, partition, offset) for partition, offset in offsets.items()]
    try:
        for answer in admin.delete_records(wanted, request_timeout=_TIMEOUT_S).values():
            answer.result()
    except KafkaException as error:
        raise TopicUnreadable(f"Kafka: {error.args[0].str()}") from error
    return planned.items


def _archived(session: Session, consumer: Consumer, topic: str) -> Iterator[tuple[int, int]]:
    """By partition the offset up to which the archive has all."""
    partitions = consumer.list_topics(topic, _TIMEOUT_S).topics[topic].partitions
    with closing(ArchiveStore(archive_store_config(session.installation))) as store:
        keys = trusted(store, trusted_keys(session.installation))
        for partition in sorted(partitions):
            yield partition, read_end(store, Place(topic, partition), keys).next_offset


def _see_oldest(consumer: Consumer, place: TopicPartition, low: int, planned: Planned) -> None:
    consumer.assign([TopicPartition(place.topic, place.partition, low)])
    message = consumer.poll(_TIMEOUT_S)
    if message is not None and message.error() is None:
        at = datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC)
        planned.oldest = at if planned.oldest is None else min(planned.oldest, at)


@contextmanager
def _consumer(session: Session) -> Iterator[Consumer]:
    settings = asking_settings(session.installation.kafka_bootstrap, "radstream-retention")
    with closing(Consumer(settings | QUIET)) as consumer:
        try:
            yield consumer
        except KafkaException as error:
            raise TopicUnreadable(f"Kafka: {error.args[0].str()}") from error
