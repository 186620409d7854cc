"""The fold on a real broker, on a bad day: it goes on, says what it did, and the views are right."""

from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing
from typing import Any

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from rocksdict import Options, Rdict

from benchmarks.fold_cluster import running_cluster
from processors.rebuild.spans import SpanReader
from processors.rebuild.stores import persisted_offset, store_path
from runtime.installation import announce_ready
from runtime.lag import read_lag
from schemas.cloudevents import headers
from schemas.codec import Codec
from schemas.events import Event
from schemas.registry import connect_codec
from schemas.topics import EVENTS, FOLD_CHANGELOG, WORKLIST
from schemas.views import WorklistRow
from tests.finished_exam import finished_exam
from tests.killing import kill_9, part_of, send_signal
from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack
PATIENCE_S = 90.0
START_S = 240.0
PARTITIONS = 4
EXAM_ID = finished_exam()[0].envelope.exam_id
KEY = EXAM_ID.encode()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """Kafka, the registry and one worker of the fold: nothing else is needed."""
    data, stop = tmp_path_factory.mktemp("fold"), threading.Event()
    started: Future[Mapping[str, str]] = Future()

    async def keep_up() -> None:
        async with running_cluster(data, workers=1, partitions=PARTITIONS) as cluster:
            await cluster.start_workers(1)
            endpoints = {**cluster.installation.endpoints(), "clock": ""}
            cluster.supervisor.publish(endpoints)
            started.set_result(endpoints)
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=lambda: asyncio.run(keep_up()))
    thread.start()
    try:
        yield RunningStack(data, started.result(START_S), {})
    finally:
        stop.set()
        thread.join()


@pytest.fixture(scope="module")
def codec(stack: RunningStack) -> Codec:
    return connect_codec(stack.registry_url)


@pytest.fixture
def producer(stack: RunningStack) -> Iterator[Producer]:
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "enable.idempotence": True})
    yield producer
    assert producer.flush(30) == 0


def publish(producer: Producer, codec: Codec, events: list[Event]) -> None:
    for event in events:
        key = event.envelope.exam_id.encode()
        producer.produce(EVENTS, key=key, value=codec.encode(event), headers=[*headers(event)])
    assert producer.flush(30) == 0


def status(stack: RunningStack) -> dict[str, Any]:
    answer = stack.radstream("status", "--json")
    assert answer.returncode == 0, answer.stderr
    document: dict[str, Any] = json.loads(answer.stdout)
    return document


def eventually(look: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def fold_pid(stack: RunningStack) -> int:
    """Of the worker; 0 while there is none."""
    return part_of(stack.data, "fold").pid or 0


def fold_log(stack: RunningStack) -> str:
    return (stack.data / "logs" / "fold.log").read_text()


def metrics(stack: RunningStack) -> dict[str, Any]:
    """What the fold says of itself; nothing while it is being started."""
    try:
        said: dict[str, Any] = json.loads((stack.data / "run" / "metrics" / "fold.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return said if said.get("pid") == fold_pid(stack) else {}


def last_row(stack: RunningStack, codec: Codec) -> tuple[int, WorklistRow]:
    """Partition and content of the exam's row in the worklist's topic."""
    found: list[tuple[int, bytes]] = []
    with closing(SpanReader(stack.kafka_bootstrap, 1_000)) as reader:
        for number in reader.partitions(WORKLIST):
            for messages in reader.read(WORKLIST, number, *reader.ends(WORKLIST, number)):
                found += [(number, bytes(m.value() or b"")) for m in messages if m.key() == KEY]
    number, value = found[-1]
    row = codec.decode(value)
    assert isinstance(row, WorklistRow)
    return number, row


def check(stack: RunningStack) -> tuple[int, dict[str, Any]]:
    answer = stack.radstream("rebuild", "--check", "--json")
    return answer.returncode, json.loads(answer.stdout)


def is_done(stack: RunningStack) -> bool:
    return read_lag(stack.kafka_bootstrap, "fold") == 0


def test_a_poison_event_is_a_dead_letter_and_status_says_what_the_fold_did(
    stack: RunningStack, producer: Producer, codec: Codec
) -> None:
    publish(producer, codec, finished_exam())
    producer.produce(EVENTS, key=b"GENERAL|POISON", value=b"\x00\x00\x00\x00\x01\x02")
    producer.flush(30)
    eventually(lambda: bool(metrics(stack).get("rejected")) and is_done(stack))
    document = status(stack)
    (fold,) = document["fold"]
    assert fold["events"] >= len(finished_exam())
    assert 0 < fold["last_batch_events"] <= fold["largest_batch_events"] <= fold["events"]
    assert (fold["rejected"], fold["unreadable"], fold["wiped"]) == (1, 0, [])
    rows = [row for row in document["partitions"] if row["part"] == "fold"]
    assert len(rows) == PARTITIONS
    assert all((row["lag"], row["waiting_s"]) == (0, 0) for row in rows)
    assert "TruncatedRecord" in stack.radstream("deadletters", "list", "--json").stdout


def test_a_state_that_no_longer_decodes_is_marked_and_a_rebuild_restores_it_and_takes_ghosts_out(
    stack: RunningStack, producer: Producer, codec: Codec
) -> None:
    number, right = last_row(stack, codec)
    producer.produce(FOLD_CHANGELOG, key=KEY, value=b"\xffno state", partition=number)
    producer.produce(WORKLIST, key=b"GENERAL|GHOST", value=codec.encode(right), partition=number)
    producer.flush(30)
    kill_9(stack.data, "fold")
    publish(producer, codec, [finished_exam()[-1]])
    eventually(lambda: metrics(stack).get("unreadable") == 1)
    assert last_row(stack, codec)[1].rebuild_reason == "unreadable"
    assert "state_unreadable" in fold_log(stack)

    code, found = check(stack)
    assert (code, found["equal"], found["exams"]) == (1, False, sorted([EXAM_ID, "GENERAL|GHOST"]))
    answer = stack.radstream("rebuild", "--json")
    assert answer.returncode == 0, answer.stdout
    assert json.loads(answer.stdout)["surplus"] == {WORKLIST: 1}
    assert last_row(stack, codec)[1] == right
    eventually(lambda: metrics(stack).get("unreadable") == 0)
    publish(producer, codec, [finished_exam()[-1]])
    eventually(lambda: is_done(stack))
    assert check(stack)[0] == 0


def test_a_deleted_changelog_is_made_again_from_the_log(
    stack: RunningStack, producer: Producer, codec: Codec
) -> None:
    right = last_row(stack, codec)[1]
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    admin.delete_topics([FOLD_CHANGELOG])[FOLD_CHANGELOG].result(30)
    eventually(lambda: len(metrics(stack).get("rebuilt", ())) == PARTITIONS)
    assert "changelog_gone" in fold_log(stack)
    publish(producer, codec, [finished_exam()[-1]])
    eventually(lambda: is_done(stack))
    assert last_row(stack, codec)[1] == right
    assert check(stack)[0] == 0


def test_a_store_that_is_newer_than_the_changelog_is_thrown_away(stack: RunningStack, codec: Codec) -> None:
    number, _ = last_row(stack, codec)
    path = store_path(stack.data / "fold", number)
    marker = stack.data / "run" / "rebuild"
    announce_ready(marker)  # the worker waits, as it does for a rebuild
    stopped = send_signal(stack.data, "fold", signal.SIGTERM)
    eventually(lambda: fold_pid(stack) not in (0, stopped))
    assert persisted_offset(path) is not None
    store = Rdict(str(path), options=Options(raw_mode=True))
    store[b"__faust\0offset__"] = b"999999"
    store.close()
    marker.unlink()
    eventually(lambda: bool(metrics(stack).get("wiped")))
    (wiped,) = metrics(stack)["wiped"]
    assert "newer than its changelog (999999" in wiped
    assert metrics(stack)["rebuilt"] == [number]
    eventually(lambda: is_done(stack))
    assert check(stack)[0] == 0
