"""The board follows the real worklist topic: from its beginning, live, and while Kafka is away."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from dashboards.board import Board
from dashboards.feeds import worklist_feed
from dashboards.live import FeedState, FeedStatus, RowChange
from schemas.codec import CLASS_BY_NAME, Codec
from schemas.contracts import self_contained
from schemas.registry import connect_codec
from schemas.topics import WORKLIST
from schemas.views import WorklistRow
from tests.dashboard_rows import row
from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack
PATIENCE_S = 30.0


@dataclass
class Taken:
    """A board that a feed fills, and what the feed said of itself."""

    board: Board = field(default_factory=Board)
    loaded: threading.Event = field(default_factory=threading.Event)
    statuses: list[FeedStatus] = field(default_factory=list)

    def take(self, changes: Sequence[RowChange]) -> None:
        for change in changes:
            if change.row is None:
                self.board.remove(change.key)
            else:
                self.board.put(change.row)

    def load_finished(self, exam_ids: frozenset[str]) -> None:
        self.board.retain(exam_ids)
        self.loaded.set()

    def report(self, status: FeedStatus) -> None:
        self.statuses.append(status)


@contextmanager
def registered(url: str) -> Iterator[Codec]:
    """As schemas.registry.connect_codec, on a client that is closed in the end."""
    with SchemaRegistryClient({"url": url}) as client:
        texts = {name: json.dumps(self_contained(name), ensure_ascii=False) for name in CLASS_BY_NAME}
        ids = {name: client.register_schema(name, Schema(text, "AVRO")) for name, text in texts.items()}
        yield Codec(ids, lambda schema_id: str(client.get_schema(schema_id).schema_str))


@contextmanager
def feeding(bootstrap: str, connect: Callable[[], Codec]) -> Iterator[Taken]:
    taken = Taken()
    feed = worklist_feed(bootstrap, connect, taken)
    feed.start()
    try:
        yield taken
    finally:
        feed.stop(10)
    assert not feed.is_alive()


def wait_until(holds: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline_s, "it did not come about"
        time.sleep(0.02)


def fresh(number: int, stage: str = "ordered") -> WorklistRow:
    """A row of an exam that no other test knows; far ahead, so that no day's end removes it."""
    return dataclasses.replace(row(number, stage), exam_id=f"BOARD{uuid.uuid4().hex}|{number}")


@dataclass
class Topic:
    """The worklist topic, written to as the fold does."""

    codec: Codec
    producer: Producer

    def put(self, *rows: WorklistRow) -> None:
        for item in rows:
            self.producer.produce(WORKLIST, self.codec.encode(item), key=item.exam_id)
        assert self.producer.flush(PATIENCE_S) == 0

    def put_raw(self, key: str, value: bytes | None) -> None:
        self.producer.produce(WORKLIST, value, key=key)
        assert self.producer.flush(PATIENCE_S) == 0


@pytest.fixture
def topic(stack: RunningStack) -> Iterator[Topic]:
    settings = {"bootstrap.servers": stack.kafka_bootstrap, "acks": "all", "enable.idempotence": True}
    with registered(stack.registry_url) as codec:
        yield Topic(codec, Producer(settings))


def test_the_board_holds_the_last_row_of_each_exam_and_follows_what_comes(
    stack: RunningStack, topic: Topic
) -> None:
    exams = [fresh(number) for number in range(30)]
    topic.put(*exams, *(dataclasses.replace(item, stage="arrived") for item in exams[:10]))
    with feeding(stack.kafka_bootstrap, lambda: topic.codec) as taken:
        assert taken.loaded.wait(PATIENCE_S)
        stages = [held.stage for item in exams if (held := taken.board.get(item.exam_id))]
        assert stages == ["arrived"] * 10 + ["ordered"] * 20
        wait_until(lambda: taken.statuses[-1].state is FeedState.LIVE)
        topic.put(dataclasses.replace(exams[0], stage="final"))
        wait_until(lambda: getattr(taken.board.get(exams[0].exam_id), "stage", None) == "final")
        topic.put_raw(exams[1].exam_id, None)
        wait_until(lambda: taken.board.get(exams[1].exam_id) is None)


def test_what_is_no_row_is_passed_over(stack: RunningStack, topic: Topic) -> None:
    after = fresh(1)
    topic.put_raw(after.exam_id, b"no avro")
    topic.put(after)
    with feeding(stack.kafka_bootstrap, lambda: topic.codec) as taken:
        wait_until(lambda: taken.board.get(after.exam_id) is not None)
    topic.put_raw(after.exam_id, None)


def test_reading_leaves_no_consumer_group_behind(stack: RunningStack, topic: Topic) -> None:
    with feeding(stack.kafka_bootstrap, lambda: topic.codec) as taken:
        assert taken.loaded.wait(PATIENCE_S)
        admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
        groups = admin.list_consumer_groups().result().valid
        assert [group for group in groups if "dashboard" in group.group_id] == []


def test_without_a_registry_it_waits_and_says_for_what() -> None:
    with feeding("127.0.0.1:9", partial(connect_codec, "http://127.0.0.1:9")) as taken:
        wait_until(lambda: bool(taken.statuses))
        assert taken.statuses[-1].state is FeedState.CONNECTING
        assert taken.statuses[-1].reason


def test_without_kafka_it_waits_and_ends_when_it_is_told_to(topic: Topic) -> None:
    with feeding("127.0.0.1:9", lambda: topic.codec) as taken:
        wait_until(lambda: bool(taken.statuses))
        assert taken.statuses[-1].state is FeedState.CONNECTING
        assert not taken.loaded.is_set()
