"""The archive as a process on a real Kafka and object store: killed at each step, tampered with, verified."""

from __future__ import annotations

import io
import json
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from minio.deleteobjects import DeleteObject
from minio.error import S3Error

from sinks.archive.chain_check import Link
from sinks.archive.errors import ArchiveUnavailable
from sinks.archive.file_check import living
from sinks.archive.findings import FaultKind
from sinks.archive.log_reader import LogReader
from sinks.archive.names import Place, file_name, manifest_name
from tests.archive_trial import Trial
from tests.running_stack import RunningStack
from tests.sink_running import until_on_the_stack

pytestmark = pytest.mark.stack


@pytest.fixture
def trial(stack: RunningStack, tmp_path: Path) -> Trial:
    made = Trial(stack, tmp_path)
    made.create_topic()
    return made


def test_killed_at_each_step_it_leaves_the_objects_of_one_that_was_not(trial: Trial) -> None:
    trial.publish(0, 20)
    # Each start puts the public key first; then a file and its manifest, twice; then the seal.
    for step in (1, 2, 3, 2, 3, 2):
        for when in ("before", "after"):
            with trial.archiver(dies_at=(step, when), age_s=60) as process:
                assert process.wait(60) == -9
    with trial.archiver(age_s=60) as process:
        until_on_the_stack(lambda: trial.archived_up_to(20))
    undisturbed = f"{trial.topic}-undisturbed"
    with trial.archiver(undisturbed, age_s=60):
        until_on_the_stack(lambda: trial.archived_up_to(20, undisturbed))
    assert trial.objects() == trial.objects(undisturbed)
    found = trial.found()
    assert (found.faults, found.strangers, found.events, found.compared) == ([], [], 20, 20)


def test_messages_come_back_as_they_were_and_kafka_is_told_how_far_it_is(trial: Trial) -> None:
    trial.publish(0, 25)
    with trial.archiver() as process:
        until_on_the_stack(lambda: trial.archived_up_to(25))
        process.terminate()
        assert process.wait(60) == 0
    trial.publish(25, 60)  # days away: it goes on where it was, and catches up
    with trial.archiver():
        until_on_the_stack(lambda: trial.archived_up_to(60))
    with closing(LogReader(trial.stack.kafka_bootstrap, trial.topic)) as reader:
        committed = reader._consumer.committed([TopicPartition(trial.topic, 0)], 10)
    assert committed[0].offset == 60
    found = trial.found()
    assert (found.faults, found.events, found.compared) == ([], 60, 60)


def test_what_kafka_deleted_before_it_was_archived_is_recorded_and_told(trial: Trial) -> None:
    trial.publish(0, 10)
    with trial.archiver():
        until_on_the_stack(lambda: trial.archived_up_to(10))
    trial.publish(10, 30)
    admin = AdminClient({"bootstrap.servers": trial.stack.kafka_bootstrap})
    for answer in admin.delete_records([TopicPartition(trial.topic, 0, 20)]).values():
        answer.result(30)
    with trial.archiver():
        until_on_the_stack(lambda: trial.archived_up_to(30))
    found = trial.found()
    assert (found.faults, found.lost, found.events) == ([], [f"{trial.topic}/0: 10-19"], 20)
    metrics = json.loads((trial.directory / "metrics.json").read_text())
    assert metrics["lost"] == [f"{trial.topic}/0: 10-19"]


def test_a_topic_that_was_made_anew_is_refused_and_said(trial: Trial) -> None:
    trial.publish(0, 10)
    with trial.archiver():
        until_on_the_stack(lambda: trial.archived_up_to(10))
    admin = AdminClient({"bootstrap.servers": trial.stack.kafka_bootstrap})
    admin.delete_topics([trial.topic])[trial.topic].result(30)
    until_on_the_stack(lambda: trial.topic not in admin.list_topics(timeout=60).topics)
    trial.create_topic()
    trial.publish(0, 20)
    metrics = trial.directory / "metrics.json"
    metrics.unlink()
    with trial.archiver():
        until_on_the_stack(metrics.exists)
        faults = json.loads(metrics.read_text())["faults"]
    assert "made anew" in faults[f"{trial.topic}/0"]
    assert trial.found(with_kafka=False).events == 10


def test_a_locked_object_cannot_be_deleted_and_one_laid_over_it_is_found(trial: Trial) -> None:
    trial.publish(0, 30)
    with trial.archiver():
        until_on_the_stack(lambda: trial.archived_up_to(30))
    client, name = trial.minio(), file_name(Place(trial.topic, 0), 10, 19)
    true = client.get_object(trial.topic, name).read()
    (version,) = [one.version_id for one in client.list_objects(trial.topic, name, include_version=True)]
    with pytest.raises(S3Error, match=r"(?i)denied|lock|retention"):
        client.remove_object(trial.topic, name, version_id=version)
    assert list(client.remove_objects(trial.topic, [DeleteObject(name, version)])), "it was deleted"
    client.put_object(trial.topic, name, io.BytesIO(true[:-1] + b"x"), len(true))
    first = trial.found().faults[0]
    assert (first.kind, first.name, first.offset) == (FaultKind.ALTERED, name, 10)
    assert client.get_object(trial.topic, name, version_id=version).read() == true


def test_a_bucket_that_was_made_without_lock_is_refused_where_locks_are_wanted(trial: Trial) -> None:
    trial.minio().make_bucket(trial.topic)
    with (
        closing(trial.store()) as store,
        pytest.raises(ArchiveUnavailable, match="RADSTREAM_ARCHIVE_LOCK=off"),
    ):
        store.ensure_bucket()


def test_files_and_manifests_that_are_hidden_are_found(trial: Trial) -> None:
    trial.publish(0, 30)
    with trial.archiver():
        until_on_the_stack(lambda: trial.archived_up_to(30))
    place = Place(trial.topic, 0)
    chain: tuple[Link, ...] = tuple(trial.walked().chains[place])
    last = living(chain)[-1]
    client = trial.minio()
    client.remove_object(trial.topic, last.file)
    assert [fault.kind for fault in trial.found(with_kafka=False).faults] == [FaultKind.MISSING]
    client.remove_object(trial.topic, manifest_name(place, last.number))
    first = trial.found(with_kafka=False).faults[0]
    assert (first.kind, first.offset) == (FaultKind.TRUNCATED, last.first)
