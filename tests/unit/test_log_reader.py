"""Where Kafka's partitions begin and end, as the archive is told."""

from __future__ import annotations

from contextlib import closing

import pytest
from confluent_kafka import KafkaError, KafkaException

from sinks.archive.errors import ArchiveUnavailable
from sinks.archive.log_reader import LogReader
from sinks.archive.names import Place


def test_what_kafka_refuses_is_told_as_the_archive_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> tuple[int, int]:
        raise KafkaException(KafkaError(KafkaError.TOPIC_AUTHORIZATION_FAILED))

    monkeypatch.setattr("sinks.archive.log_reader.log_bounds", refuse)
    with (
        closing(LogReader("127.0.0.1:1", "test")) as reader,
        pytest.raises(ArchiveUnavailable, match="Kafka: "),
    ):
        reader.bounds(Place("radstream.events.v1", 0))
