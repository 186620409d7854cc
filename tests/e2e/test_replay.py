"""History again, on a whole stack whose Kafka has lost the beginning: nothing is missing, nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import chain

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from benchmarks.department_events import department_events
from benchmarks.fold_cluster import LogWriter
from schemas.registry import connect_codec
from schemas.topics import AUDIT, EVENTS
from sinks.archive.log_reader import LogReader
from sinks.archive.names import Place
from sinks.archive.record import ArchivedMessage
from sinks.history.reading import from_kafka
from sinks.republishing.marks import ORIGIN, RUN
from tests.producing import read_all
from tests.running_stack import RunningStack, run_stack
from tests.sink_running import until
from tests.verbs import said, settled

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]
_EXAMS = 40


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack whose archive waits a second for its files to be full; some exams went through it."""
    with run_stack(tmp_path_factory.mktemp("replay"), {"RADSTREAM_ARCHIVE_FILE_AGE_S": "1"}) as running:
        writer = LogWriter(running.kafka_bootstrap, connect_codec(running.registry_url))
        writer.write(list(chain.from_iterable(department_events(_EXAMS))))
        writer.flush(30)
        until(lambda: settled(running), timeout_s=180.0, every_s=1.0)
        yield running


def read(stack: RunningStack, topic: str) -> list[tuple[Place, ArchivedMessage]]:
    """All that Kafka has of a topic, each partition in its order."""
    with closing(LogReader(stack.kafka_bootstrap, "replay-test", tells_ends=True)) as reader:
        return [
            (place, message)
            for place in reader.places([topic])
            for message in chain.from_iterable(from_kafka(reader, place, *reader.bounds(place)))
        ]


def forget(stack: RunningStack, kept: Sequence[tuple[Place, ArchivedMessage]]) -> None:
    """Kafka deletes the first half of what it has of each partition."""
    halves = {place: message.offset // 2 for place, message in kept}
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    asked = [TopicPartition(*place, offset) for place, offset in halves.items()]
    for answer in admin.delete_records(asked).values():
        answer.result(30)


def test_a_topic_gets_each_message_once_byte_for_byte_though_the_replay_was_killed(
    stack: RunningStack,
) -> None:
    log = read(stack, EVENTS)
    forget(stack, log)
    assert len(read(stack, EVENTS)) < len(log)
    command = [sys.executable, "-m", "runtime.cli.main", "replay", "--to", "topic:downstream", "--create"]
    with subprocess.Popen(
        [*command, "--speed", "2000", "--data", str(stack.data)], env={**os.environ, **stack.environment}
    ) as slow:
        until(lambda: _count(stack) > len(log) // 5, "nothing was written", timeout_s=60.0)
        slow.send_signal(signal.SIGKILL)
    assert 0 < _count(stack) < len(log), "it was not killed in the middle"
    other = said(stack, "replay", "--to", "topic:downstream", "--exam", "X", code=2)
    assert "--discard" in other["error"]
    done = said(stack, "replay", "--to", "topic:downstream")
    assert (done["messages"], done["went_on"]) == (len(log), True)
    found = {dict(message.headers)[ORIGIN]: (place, message) for place, message in read(stack, "downstream")}
    assert len(read(stack, "downstream")) == len(found) == len(log)
    for place, message in log:
        there, again = found[f"{place}/{message.offset}".encode()]
        assert (there.partition, again.key, again.value) == (place.partition, message.key, message.value)
        assert again.headers[:-2] == message.headers
        assert again.headers[-2] == (RUN, done["run_id"].encode())
    codec = connect_codec(stack.registry_url)
    exports = [getattr(one, "object", None) for one in read_all(stack.kafka_bootstrap, codec, AUDIT)]
    assert f"replay of {EVENTS} to the topic downstream" in exports


def _count(stack: RunningStack) -> int:
    with closing(LogReader(stack.kafka_bootstrap, "replay-test")) as reader:
        known = reader._consumer.list_topics(timeout=10).topics
        return (
            sum(reader.bounds(one)[1] for one in reader.places(["downstream"]))
            if "downstream" in known
            else 0
        )


def test_what_must_not_be_written_to_is_refused_and_what_is_asked_wrongly_is_told(
    stack: RunningStack,
) -> None:
    for own in (EVENTS, "radstream.of-somebody", "__consumer_offsets"):
        assert "own" in said(stack, "replay", "--to", f"topic:{own}", code=2)["error"]
    assert "--create" in said(stack, "replay", "--to", "topic:nowhere", code=2)["error"]
    wrong = said(stack, "replay", "--to", "topic:there", "--from", "yesterday", code=1)
    assert "instants as 2026-03-01T08:00" in wrong["error"]


def test_one_exam_and_one_period_are_replayed_alone(stack: RunningStack) -> None:
    exam = _an_exam(stack)
    done = said(stack, "replay", "--to", "topic:one-exam", "--create", "--exam", exam)
    assert {message.key for _, message in read(stack, "one-exam")} == {exam.encode()}
    assert done["messages"] == len(read(stack, "one-exam")) > 0
    never = said(stack, "replay", "--to", "topic:never", "--create", "--until", "2001-01-01")
    assert never["messages"] == 0


def _an_exam(stack: RunningStack) -> str:
    return (read(stack, EVENTS)[-1][1].key or b"").decode()
