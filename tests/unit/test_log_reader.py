"""Where Kafka's partitions begin and end, also while their leader is not known yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from sinks.archive.errors import ArchiveUnavailable
from sinks.archive.log_reader import LogReader
from sinks.archive.names import Place

PLACE = Place("radstream.events.v1", 0)


class _Kafka:
    """A consumer that Kafka answers with these, one after the other."""

    def __init__(self, answers: Iterator[int | tuple[int, int]]) -> None:
        self._answers = answers

    def get_watermark_offsets(self, *_: Any, **__: Any) -> tuple[int, int]:
        """The next answer: offsets, or an error's code."""
        answer = next(self._answers)
        if isinstance(answer, int):
            raise KafkaException(KafkaError(answer))
        return answer


def bounds(*answers: int | tuple[int, int]) -> tuple[int, int]:
    with closing(LogReader("127.0.0.1:1", "test")) as reader:
        real, reader._consumer = reader._consumer, _Kafka(iter(answers))  # type: ignore[assignment]  # its one verb
        try:
            return reader.bounds(PLACE)
        finally:
            reader._consumer = real


@pytest.mark.parametrize("code", [KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE])
def test_a_partition_without_a_leader_yet_is_asked_again(code: int) -> None:
    assert bounds(code, code, (3, 9)) == (3, 9)


def test_what_will_not_pass_is_said_at_once() -> None:
    with pytest.raises(ArchiveUnavailable, match="Kafka: "):
        bounds(KafkaError.TOPIC_AUTHORIZATION_FAILED, (3, 9))
