"""Where Kafka's partitions begin and end, also while their leader is not known yet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from schemas.kafka_asking import log_bounds

PLACE = TopicPartition("radstream.events.v1", 0)


class _Kafka:
    """A consumer that Kafka answers with these, one after the other."""

    def __init__(self, answers: Iterator[int | tuple[int, int]]) -> None:
        self._answers = answers

    def get_watermark_offsets(self, *_: Any) -> tuple[int, int]:
        """The next answer: offsets, or an error's code."""
        answer = next(self._answers)
        if isinstance(answer, int):
            raise KafkaException(KafkaError(answer))
        return answer


def bounds(*answers: int | tuple[int, int], timeout_s: float = 5.0) -> tuple[int, int]:
    return log_bounds(_Kafka(iter(answers)), PLACE, timeout_s)  # type: ignore[arg-type]  # its one verb


@pytest.mark.parametrize("code", [KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE])
def test_a_partition_without_a_leader_yet_is_asked_again(code: int) -> None:
    assert bounds(code, code, (3, 9)) == (3, 9)


@pytest.mark.parametrize(
    ("code", "timeout_s"),
    [(KafkaError.TOPIC_AUTHORIZATION_FAILED, 5.0), (KafkaError.LEADER_NOT_AVAILABLE, 0)],
)
def test_what_will_not_pass_or_passes_too_late_is_raised(code: int, timeout_s: float) -> None:
    with pytest.raises(KafkaException) as raised:
        bounds(code, (3, 9), timeout_s=timeout_s)
    assert raised.value.args[0].code() == code
