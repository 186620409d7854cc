"""Ends of the topics and offsets of the groups, asked of Kafka by one client that stays connected."""

from __future__ import annotations

from collections.abc import Iterable

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec

from runtime.health.looks import Place

_TIMEOUT_S = 4.0


class KafkaOffsets:
    """For one thread."""

    def __init__(self, bootstrap: str) -> None:
        """Nothing is connected before the first question."""
        self._bootstrap = bootstrap
        self._admin: AdminClient | None = None

    def ends(self, topics: Iterable[str]) -> dict[Place, int]:
        """The end of each partition of `topics` that there are. Raises KafkaException."""
        admin = self._client()
        known = admin.list_topics(timeout=_TIMEOUT_S).topics
        places = [
            TopicPartition(topic, partition)
            for topic in topics
            if topic in known
            for partition in known[topic].partitions
        ]
        if not places:
            return {}
        latest: OffsetSpec = OffsetSpec.latest()  # type: ignore[no-untyped-call]  # the library has no types here
        asked = admin.list_offsets(dict.fromkeys(places, latest), request_timeout=_TIMEOUT_S)
        return {(place.topic, place.partition): answer.result().offset for place, answer in asked.items()}

    def committed(self, group: str) -> dict[Place, int]:
        """Where the group goes on, where it ever said. Raises KafkaException."""
        asked = self._client().list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group)], request_timeout=_TIMEOUT_S
        )
        found = asked[group].result().topic_partitions
        return {
            (place.topic, place.partition): place.offset
            for place in found
            if place.error is None and place.offset >= 0
        }

    def _client(self) -> AdminClient:
        if self._admin is None:
            self._admin = AdminClient({"bootstrap.servers": self._bootstrap, "log_level": 0})
        return self._admin


def said(error: KafkaException) -> str:
    """What went wrong, in Kafka's words."""
    first = error.args[0] if error.args else None
    return str(first.str()) if isinstance(first, KafkaError) else type(error).__name__
