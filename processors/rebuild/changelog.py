"""The changelog as Kafka has it, and whether it is still the same one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from typing import Any

import structlog
from confluent_kafka import Consumer, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

from processors.config import APP_ID
from processors.rebuild.config import TopicGone
from processors.rebuild.spans import GROUP_ID
from processors.rebuild.stores import Changelog
from schemas.kafka_asking import QUIET, asking_settings, log_bounds
from schemas.topics import EVENTS, FOLD_CHANGELOG

log = structlog.get_logger("fold")
_ANSWER_S = 10.0
_LOOK_EVERY_S = 5.0
_LOOKS = 2
_GONE = "UNKNOWN_TOPIC_OR_PART"


def read_changelog(bootstrap: str) -> Changelog:
    """The topic now. Raises TopicGone where it is not there, or Kafka gives no answer."""
    with closing(_asking(bootstrap, GROUP_ID)) as asking:
        try:
            found = asking.list_topics(FOLD_CHANGELOG, _ANSWER_S).topics[FOLD_CHANGELOG].partitions
            ends = {
                number: log_bounds(asking, TopicPartition(FOLD_CHANGELOG, number), _ANSWER_S)[1]
                for number in found
            }
            return Changelog(topic_id(bootstrap), ends)
        except KafkaException as error:
            raise TopicGone(f"{FOLD_CHANGELOG}: {error.args[0].str()}") from error


def topic_id(bootstrap: str) -> str:
    """The id that Kafka gave the changelog when it was made. Raises KafkaException."""
    quiet = logging.getLogger("radstream.changelog")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    admin = AdminClient({"bootstrap.servers": bootstrap}, logger=quiet)
    asked = admin.describe_topics(TopicCollection([FOLD_CHANGELOG]), request_timeout=_ANSWER_S)
    description: Any = asked[FOLD_CHANGELOG].result(_ANSWER_S)
    return str(description.topic_id)


def committed(bootstrap: str) -> Mapping[int, int]:
    """Where the fold is in each partition of the log. Raises KafkaException."""
    with closing(_asking(bootstrap, APP_ID)) as asking:
        found = asking.list_topics(EVENTS, _ANSWER_S).topics[EVENTS].partitions
        places = asking.committed([TopicPartition(EVENTS, number) for number in found], _ANSWER_S)
        return {place.partition: place.offset for place in places}


def whole_since(bootstrap: str) -> Mapping[int, str]:
    """By partition, the id of the changelog that somebody last made whole. Raises KafkaException."""
    with closing(_asking(bootstrap, GROUP_ID)) as asking:
        found = asking.list_topics(FOLD_CHANGELOG, _ANSWER_S).topics[FOLD_CHANGELOG].partitions
        places = asking.committed([TopicPartition(FOLD_CHANGELOG, number) for number in found], _ANSWER_S)
        return {place.partition: str(place.metadata or "") for place in places}


def note_whole(bootstrap: str, partitions: Iterable[int], changelog_id: str) -> None:
    """Say that these partitions of the changelog are whole, to the other workers. Raises KafkaException."""
    with closing(_asking(bootstrap, GROUP_ID)) as asking:
        places = [
            TopicPartition(FOLD_CHANGELOG, number, 0, changelog_id)  # its metadata is what is said
            for number in partitions
        ]
        asking.commit(offsets=places, asynchronous=False)


def watch_changelog(bootstrap: str, changelog_id: str, on_gone: Callable[[], None]) -> None:
    """Call `on_gone` once, from a daemon thread, when the changelog is no more the one with this id."""
    threading.Thread(
        target=_watch, args=(bootstrap, changelog_id, on_gone), daemon=True, name="changelog watch"
    ).start()


def _watch(bootstrap: str, changelog_id: str, on_gone: Callable[[], None]) -> None:
    wait, missed = threading.Event(), 0
    while not wait.wait(_LOOK_EVERY_S):
        try:
            found = topic_id(bootstrap)
        except KafkaException as error:
            if error.args[0].name() != _GONE:
                continue  # Kafka itself is away
            found = "none"
        except TimeoutError:
            continue
        # A broker that was just started may not know its topics yet.
        missed = missed + 1 if found != changelog_id else 0
        if missed == _LOOKS:
            log.critical("changelog_gone", was=changelog_id, now=found, consequence="worker ends, mends it")
            on_gone()
            return


def _asking(bootstrap: str, group: str) -> Consumer:
    return Consumer(asking_settings(bootstrap, group) | QUIET)
