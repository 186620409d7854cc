"""History on a real Kafka and object store: the beginning is in the archive alone, the end in Kafka alone."""

from __future__ import annotations

from contextlib import closing
from itertools import chain
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from sinks.archive.log_reader import LogReader
from sinks.archive.names import Place
from sinks.archive.record import ArchivedMessage
from sinks.archive.signing import Signer, public_keys
from sinks.history.errors import HistoryGap
from sinks.history.reading import History
from tests.archive_trial import Trial
from tests.archiving import SEED
from tests.running_stack import RunningStack
from tests.sink_running import until_on_the_stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


def test_each_message_is_read_once_over_the_seam_and_a_gap_is_refused(
    stack: RunningStack, tmp_path: Path
) -> None:
    trial = Trial(stack, tmp_path)
    trial.create_topic()
    trial.publish(0, 40)
    before = history_of(trial, 0, 40)
    with trial.archiver():
        until_on_the_stack(lambda: trial.archived_up_to(40))
    trial.publish(40, 65)
    delete_before(trial, 33)
    found = history_of(trial, 0, 65)
    assert [one.offset for one in found] == list(range(65))
    assert found[:40] == before
    assert [one.key for one in found] == [b"key %d" % number for number in range(65)]
    delete_before(trial, 50)
    with pytest.raises(HistoryGap, match="offsets 40 to 49"):
        history_of(trial, 0, 65)


def history_of(trial: Trial, start: int, end: int) -> list[ArchivedMessage]:
    """What is read of partition 0."""
    keys, place = public_keys(Signer.of(SEED).public), Place(trial.topic, 0)

    def connect() -> LogReader:
        return LogReader(trial.stack.kafka_bootstrap, f"{trial.topic}-history", tells_ends=True)

    with closing(trial.store()) as store, closing(History(connect, store, keys)) as history:
        assert history.ends(place)[1] == end
        return list(chain.from_iterable(history.read(place, start, end)))


def delete_before(trial: Trial, offset: int) -> None:
    """Kafka forgets what is before `offset`."""
    admin = AdminClient({"bootstrap.servers": trial.stack.kafka_bootstrap})
    for answer in admin.delete_records([TopicPartition(trial.topic, 0, offset)]).values():
        answer.result(30)
