"""Kafka asked by who is no member of a group: where a partition begins and ends, and what stands in it."""

from __future__ import annotations

import time
from collections.abc import Iterator

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

_ASK_AGAIN_S = 0.1
FETCH_WAIT_MS = 10
"""How long a broker may hold a fetch of who reads to an end: it is not to be asked all day."""
_NO_LEADER_YET = frozenset({KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE})

Settings = dict[str, object]
"""What librdkafka calls its configuration."""

QUIET: Settings = {"error_cb": lambda _error: None, "log_level": 2}
"""For whoever is told by what is raised or reported, and tells it on."""

TELLS_ENDS: Settings = {"enable.partition.eof": True}
"""For whoever reads by `messages_before`."""


def asking_settings(bootstrap: str, group_id: str) -> Settings:
    """Of a consumer that is assigned what it reads. It never subscribes and never commits, so it becomes no
    member of the group, though librdkafka wants a name.

    The broker holds a fetch at the end of a partition until something comes, half a second by default, and
    librdkafka sends no fetch of the next partition before that: who reads one after the other to its end
    would wait that long for each.
    """
    return {
        "bootstrap.servers": bootstrap,
        "group.id": group_id,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "fetch.wait.max.ms": FETCH_WAIT_MS,
    }


def log_bounds(asking: Consumer, place: TopicPartition, timeout_s: float) -> tuple[int, int]:
    """The first offset that Kafka has of the partition, and the next one that it will give.

    A topic that was made this moment has no leader yet, nor has one whose broker came back: it is asked again
    until `timeout_s` is over. Raises KafkaException.
    """
    until_s = time.monotonic() + timeout_s
    while True:
        try:
            low, high = asking.get_watermark_offsets(place, timeout_s)
            return int(low), int(high)
        except KafkaException as error:
            if error.args[0].code() not in _NO_LEADER_YET or time.monotonic() >= until_s:
                raise
            time.sleep(_ASK_AGAIN_S)


def messages_before(
    reading: Consumer, begin: TopicPartition, end: int, timeout_s: float
) -> Iterator[Message]:
    """What stands in the partition from `begin` on, as far as the offset `end`, by one that TELLS_ENDS.

    Compaction and transactions leave gaps, also right before the end: no message comes of those, but Kafka
    says that nothing follows. Raises KafkaException, also where nothing is heard for `timeout_s`.
    """
    if begin.offset >= end:
        return
    reading.assign([begin])
    at = begin.offset
    while at < end:
        message = reading.poll(timeout_s)
        if message is None:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT, "no message comes of those in the log"))  # noqa: SLF001 - its only name
        if (error := message.error()) is not None:
            if error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its only name
                return
            raise KafkaException(error)
        at = (message.offset() or 0) + 1
        if at <= end:
            yield message
