"""Whether the fold has come to where the log ended, asked of librdkafka's own broker."""

from __future__ import annotations

from contextlib import closing

from confluent_kafka import Consumer, Producer, TopicPartition

from processors.alerts.fold_progress import FoldProgress
from processors.config import APP_ID
from schemas.topics import EVENTS
from tests.producing import mock_kafka


def test_a_fold_is_there_when_it_has_committed_what_stood_in_the_log() -> None:
    with mock_kafka() as bootstrap:
        producer = Producer({"bootstrap.servers": bootstrap, "log_level": 2})
        partitions = producer.list_topics(EVENTS, timeout=60).topics[EVENTS].partitions
        with closing(FoldProgress(bootstrap)) as empty:
            assert empty.is_there(), "an empty log is done"
        for number in (0, 0, 1):
            producer.produce(EVENTS, b"event", partition=number)
        assert producer.flush(10) == 0
        assert len(partitions) > 1
        with (
            closing(FoldProgress(bootstrap)) as progress,
            closing(Consumer({"bootstrap.servers": bootstrap, "group.id": APP_ID, "log_level": 2})) as fold,
        ):
            assert not progress.is_there()
            fold.commit(offsets=[TopicPartition(EVENTS, 0, 2)], asynchronous=False)
            assert not progress.is_there()
            producer.produce(EVENTS, b"later", partition=0)
            assert producer.flush(10) == 0
            fold.commit(offsets=[TopicPartition(EVENTS, 1, 1)], asynchronous=False)
            assert progress.is_there(), "what came later does not count"
