"""Whether the fold has come to where the log ended at some moment.

After an outage the log holds ends that no row tells of yet: what would be a breach by the rows may be none.
"""

from __future__ import annotations

from confluent_kafka import Consumer, TopicPartition

from processors.config import APP_ID
from schemas.kafka_asking import asking_settings, log_bounds
from schemas.topics import EVENTS

_ASK_TIMEOUT_S = 5.0


class FoldProgress:
    """Asks Kafka as the fold's group would; never becomes a member of it."""

    def __init__(self, bootstrap: str) -> None:
        """Notes where the log ends now. Raises KafkaException where Kafka gives no answer."""
        self._asking = Consumer({**asking_settings(bootstrap, APP_ID), "log_level": 3})
        found = self._asking.list_topics(EVENTS, _ASK_TIMEOUT_S).topics[EVENTS].partitions
        ends = {number: self._end(number) for number in found}
        self._left = {number: end for number, end in ends.items() if end > 0}

    def is_there(self) -> bool:
        """Whether the fold has done all that stood in the log then. Raises KafkaException."""
        if self._left:
            places = [TopicPartition(EVENTS, number) for number in self._left]
            done = {place.partition: place.offset for place in self._asking.committed(places, _ASK_TIMEOUT_S)}
            self._left = {number: end for number, end in self._left.items() if done[number] < end}
        return not self._left

    def close(self) -> None:
        """Let go of Kafka."""
        self._asking.close()

    def _end(self, number: int) -> int:
        return log_bounds(self._asking, TopicPartition(EVENTS, number), _ASK_TIMEOUT_S)[1]
