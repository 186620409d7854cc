"""History again, on a whole stack whose Kafka has lost the beginning: nothing is missing, nothing twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import chain
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from benchmarks.department_events import department_events
from benchmarks.fold_cluster import LogWriter
from schemas.events import Event
from schemas.registry import connect_codec
from schemas.topics import AUDIT, EVENTS, WORKLIST
from sinks.archive.log_reader import LogReader
from sinks.archive.names import Place
from sinks.archive.record import ArchivedMessage
from sinks.clickhouse.client import connect
from sinks.history.reading import from_kafka
from sinks.republishing.marks import ORIGIN, RUN
from tests.board_watching import watching
from tests.killing import kill_9
from tests.producing import read_all
from tests.running_stack import RunningStack, run_stack
from tests.sink_running import until
from tests.verbs import said, until_settled

pytestmark = pytest.mark.stack
_EXAMS = 40
_KILLED = ("fold", "sink", "archive", "kafka", "fold", "sink")


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """A stack whose archive waits a second for its files to be full. Exams went through it while processes
    were killed: half of them are finished, the others stand on the board.
    """
    with run_stack(tmp_path_factory.mktemp("replay"), {"RADSTREAM_ARCHIVE_FILE_AGE_S": "1"}) as running:
        exams = [list(exam) for exam in department_events(_EXAMS)]
        events = [event for number, exam in enumerate(exams) for event in (exam[:5] if number % 2 else exam)]
        writer = LogWriter(running.kafka_bootstrap, connect_codec(running.registry_url))
        share = -(-len(events) // len(_KILLED))
        for number, part in enumerate(_KILLED):
            writer.write(events[number * share : (number + 1) * share])
            kill_9(running.data, part)
        writer.flush(60)
        until_settled(running)
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


def test_a_view_made_anew_is_the_live_one_after_processes_were_killed(stack: RunningStack) -> None:
    found = said(stack, "replay", "--to", "all")
    assert (found["equal"], found["changing"], found["state"]) == (True, 0, "kept")
    assert found["exams"] == {"worklist": _EXAMS, "turnaround": _EXAMS}
    assert len(found["places"]) == 6
    assert said(stack, "replay", "--to", "all", "--discard") == {"discarded": [found["generation"]]}
    assert not _tables(stack)


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
        known = reader._consumer.list_topics(timeout=60).topics
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
    wrong = said(stack, "replay", "--to", "topic:there", "--from", "yesterday", code=2)
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


def test_a_generation_that_was_killed_is_the_same_as_one_that_was_not(stack: RunningStack) -> None:
    """And the beginning of the log is in the archive alone."""
    command = [sys.executable, "-m", "runtime.cli.main", "replay", "--to", "all", "--speed", "2000"]
    with subprocess.Popen(
        [*command, "--data", str(stack.data)], env={**os.environ, **stack.environment}
    ) as slow:
        until(lambda: 3 < _filled(stack) < _EXAMS, "nothing was written", timeout_s=60.0)
        slow.send_signal(signal.SIGKILL)
    assert _filled(stack) < _EXAMS, "it was not killed in the middle"
    found = said(stack, "replay", "--to", "all")
    assert (found["equal"], found["exams"]) == (True, {"worklist": _EXAMS, "turnaround": _EXAMS})
    assert said(stack, "rebuild", "--check")["equal"], "rebuild reads the archive, too"


def test_turnaround_made_at_once_is_the_live_one_and_takes_its_place(stack: RunningStack) -> None:
    fast = ("replay", "--to", "turnaround", "--fast")
    found = said(stack, *fast)
    assert (found["equal"], found["exams"], found["changing"]) == (True, {"turnaround": _EXAMS}, 0)
    assert found["made"]["events"] == sum(end for _, end in _ends(stack))
    ((exam,),) = _ask(stack, "SELECT min(exam_id) FROM v_turnaround WHERE interval = 'report_turnaround'")
    _spoil_interval(stack, str(exam))
    named = said(stack, *fast, code=1)["named"]
    assert named == [{"view": "turnaround", "exam": exam, "fields": ["turnaround: report_turnaround"]}]
    assert said(stack, *fast, "--swap")["state"] == "swapped"
    assert said(stack, *fast)["equal"]
    assert "from all of history" in said(stack, *fast, "--exam", str(exam), code=2)["error"]
    gone = said(stack, *fast, "--discard")["discarded"]
    assert len(gone) == 2  # what was live before, and what was compared after
    assert not [name for name in _tables(stack) if name.endswith(tuple(f"__gen_{number}" for number in gone))]


def _ends(stack: RunningStack) -> list[tuple[int, int]]:
    with closing(LogReader(stack.kafka_bootstrap, "replay-test")) as reader:
        return [reader.bounds(place) for place in reader.places([EVENTS])]


def test_what_was_damaged_is_named_and_swapped_under_live_traffic_while_no_page_is_blank(
    stack: RunningStack,
) -> None:
    writer = LogWriter(stack.kafka_bootstrap, connect_codec(stack.registry_url))
    exams = [list(exam) for exam in department_events(2 * _EXAMS)][_EXAMS:]
    lost, other, gone = _damage(stack)
    found = said(stack, "replay", "--to", "all", code=1)
    assert not found["equal"]
    places = found["places"]
    assert places["worklist"] == {"differ": 0, "missing": 2, "surplus": 0}
    assert places["turnaround"] == {"differ": 1, "missing": 0, "surplus": 0}
    assert places["radstream.worklist.v1"] == {"differ": 0, "missing": 1, "surplus": 0}
    named = {(one["view"], one["exam"]): one["fields"] for one in found["named"]}
    assert named["worklist", lost] == named["worklist", gone] == ["not in the live table"]
    assert named["turnaround", other] == ["turnaround: report_turnaround"]
    with watching(stack) as watched, ThreadPoolExecutor(1) as thread:
        writing = thread.submit(_write_slowly, writer, exams)
        swapped = said(stack, "replay", "--to", "all", "--swap")
        writing.result(120)
        assert swapped["state"] == "swapped"
        until(lambda: watched.rows >= watched.at_first + _EXAMS // 2, "the board stands", timeout_s=90.0)
    assert gone in watched.exams
    assert (watched.gone, watched.least_rows_in_clickhouse >= _EXAMS - 2) == (set(), True)
    until_settled(stack)
    after = said(stack, "replay", "--to", "all")
    assert (after["equal"], after["exams"]) == (True, {"worklist": 2 * _EXAMS, "turnaround": 2 * _EXAMS})
    until(lambda: _hourly(stack), "the hours are not counted", timeout_s=60.0)
    assert said(stack, "replay", "--to", "all", "--discard")["discarded"]
    assert not _tables(stack)


def test_a_view_as_of_an_instant_is_for_looking_only(stack: RunningStack) -> None:
    exam = _an_exam(stack)
    found = said(stack, "replay", "--to", "worklist", "--as-of", "2026-11-24T10:00", "--exam", exam)
    (table,) = found["tables"]
    rows = _ask(stack, f"SELECT exam_id FROM {table} FINAL")
    assert [row[0] for row in rows] in ([], [exam])
    refused = said(
        stack, "replay", "--to", "worklist", "--as-of", "2026-11-24T10:00", "--exam", exam, "--swap", code=2
    )
    assert "never becomes live" in refused["error"]
    wrong = said(
        stack, "replay", "--to", "worklist", "--as-of", "2026-11-24", "--until", "2026-11-24", code=2
    )
    assert "--as-of" in wrong["error"]


def _write_slowly(writer: LogWriter, exams: Sequence[Sequence[Event]]) -> None:
    """Open exams, over some seconds."""
    for exam in exams:
        writer.write(exam[:5])
        time.sleep(0.25)
    writer.flush(60)


def _damage(stack: RunningStack) -> tuple[str, str, str]:
    """An exam whose row ClickHouse loses, one with a wrong interval, and one that is taken off the board."""
    (other, lost, *_) = _exams(stack, "v_turnaround WHERE interval = 'report_turnaround'")
    gone = _exams(stack, "v_worklist WHERE stage NOT IN ('final', 'cancelled')")[0]
    with closing(_client(stack)) as client:
        client.command("DELETE FROM worklist WHERE exam_id = {exam:String}", parameters={"exam": lost})
    _spoil_interval(stack, other)
    place = next(place for place, message in read(stack, WORKLIST) if message.key == gone.encode())
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap})
    producer.produce(WORKLIST, None, gone.encode(), partition=place.partition)
    assert producer.flush(30) == 0
    until(lambda: not _ask(stack, f"SELECT 1 FROM v_worklist WHERE exam_id = '{gone}'"), timeout_s=30.0)
    return lost, other, gone


def _exams(stack: RunningStack, where: str) -> list[str]:
    return [str(exam) for (exam,) in _ask(stack, f"SELECT DISTINCT exam_id FROM {where} ORDER BY exam_id")]


def _spoil_interval(stack: RunningStack, exam: str) -> None:
    with closing(_client(stack)) as client:
        client.command(
            "ALTER TABLE turnaround UPDATE seconds = seconds + 1 WHERE exam_id = {exam:String}"
            " AND interval = 'report_turnaround' SETTINGS mutations_sync = 1",
            parameters={"exam": exam},
        )


def _hourly(stack: RunningStack) -> bool:
    """Whether the rollup has what the intervals have."""
    sql = "SELECT (SELECT sum(seconds) FROM v_turnaround), (SELECT sum(seconds_sum) FROM v_turnaround_hourly)"
    ((exact, rolled),) = _ask(stack, sql)
    return bool(abs(exact - rolled) < 1)


def _filled(stack: RunningStack) -> int:
    tables = [name for name in _tables(stack) if name.startswith("worklist__")]
    return int(_ask(stack, f"SELECT count() FROM {tables[0]} FINAL")[0][0]) if tables else 0


def _tables(stack: RunningStack) -> list[str]:
    rows = _ask(
        stack, "SELECT name FROM system.tables WHERE database = 'radstream' AND name LIKE '%\\_\\_gen%'"
    )
    return [str(name) for (name,) in rows]


def _ask(stack: RunningStack, sql: str) -> list[Any]:
    with closing(_client(stack)) as client:
        return list(client.query(sql).result_rows)


def _client(stack: RunningStack) -> Client:
    return connect(stack.clickhouse_url, stack.clickhouse_user, stack.clickhouse_password, "radstream")
