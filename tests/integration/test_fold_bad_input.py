"""The fold on a real broker, on a bad day: it goes on, says what it did, and the views are right."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from schemas.cloudevents import headers
from schemas.codec import Codec
from schemas.events import Event
from schemas.registry import connect_codec
from schemas.topics import EVENTS
from tests.finished_exam import finished_exam
from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack
PATIENCE_S = 60.0


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


def is_done(stack: RunningStack) -> bool:
    return all(row["lag"] == 0 for row in status(stack)["partitions"] if row["part"] in ("fold", "alerts"))


def test_status_says_how_far_the_fold_and_the_alerts_are_and_what_the_fold_rejected(
    stack: RunningStack, producer: Producer, codec: Codec
) -> None:
    publish(producer, codec, finished_exam())
    producer.produce(EVENTS, key=b"GENERAL|POISON", value=b"\x00\x00\x00\x00\x01\x02")
    producer.flush(30)
    eventually(lambda: bool(status(stack)["fold"][0]["rejected"]) and is_done(stack))
    (fold,) = status(stack)["fold"]
    assert fold["events"] >= len(finished_exam())
    assert 0 < fold["last_batch_events"] <= fold["largest_batch_events"] <= fold["events"]
    assert (fold["rejected"], fold["unreadable"], fold["wiped"]) == (1, 0, [])
    rows = status(stack)["partitions"]
    assert {row["part"] for row in rows} == {"fold", "reconciler", "alerts", "sink"}
    assert all(row["waiting_s"] == 0 for row in rows if row["lag"] == 0)
    letters = stack.radstream("deadletters", "list", "--json")
    assert "TruncatedRecord" in letters.stdout
