"""Whatever happens between Kafka and ClickHouse: tables, materialized views and rollup show each row once."""

from __future__ import annotations

import random
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, TopicPartition

from sinks.clickhouse.rows import TABLE_BY_TOPIC
from tests.passage import Passage
from tests.running_stack import RunningStack
from tests.sink_department import INTERVALS, Department, assert_inserted_once, assert_shown
from tests.sink_parts import sink_parts
from tests.sink_trial import Trial, committed_everything, sink_trial, until

pytestmark = pytest.mark.stack

_EXAMS = 40


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with sink_parts(tmp_path_factory.mktemp("parts")) as running:
        yield running


@pytest.fixture
def trial(parts: RunningStack, tmp_path: Path) -> Iterator[Trial]:
    with sink_trial(parts, tmp_path) as made:
        yield made


def _say(department: Department, chance: random.Random, first: int, count: int) -> None:
    """Events, and rows of turnaround that replace others: intervals come, go, and end in another hour."""
    for number in range(first, first + count):
        exam = f"A{chance.randrange(_EXAMS)}"
        department.order(exam, f"order-{number}")
        if number % 5 == 0:
            names = tuple(chance.sample(INTERVALS, k=chance.randint(1, len(INTERVALS))))
            department.row(exam, names, chance.randint(1, 40))


@contextmanager
def _busy(department: Department) -> Iterator[None]:
    """All the while inside the block, something is said; after it, all of it is in Kafka."""
    ended, chance = threading.Event(), random.Random(20261129)

    def say() -> None:
        number = 0
        while not ended.wait(0.02):
            _say(department, chance, number, 20)
            number += 20

    thread = threading.Thread(target=say)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        department.flush()


def _delivered(trial: Trial) -> None:
    until(lambda: committed_everything(trial), "every offset committed")


def _end(process: subprocess.Popen[str]) -> None:
    """Ask it to stop; on a busy machine it may end hard, which must do no harm either."""
    process.terminate()
    process.wait(30)


def test_an_insert_whose_answer_is_lost_is_made_once(trial: Trial) -> None:
    department = Department(trial)
    with Passage(trial.stack.clickhouse_url) as passage, trial.sink(clickhouse_url=passage.url) as process:
        _say(department, random.Random(1), 0, 20)
        department.flush()
        _delivered(trial)
        for first in range(20, 100, 20):
            passage.lose_answers(b"insert_deduplication_token", 2)
            _say(department, random.Random(first), first, 20)
            department.flush()
            until(lambda: passage.answers_to_lose == 0, "the lost answers")
            _delivered(trial)
        _end(process)
    assert_inserted_once(department)
    assert_shown(department)


def test_partitions_that_go_from_sink_to_sink_under_load_lose_and_double_nothing(trial: Trial) -> None:
    department = Department(trial)
    with _busy(department):
        with trial.sink(instance_id="a", rows=200, age_s=0.05):
            _more(trial)
            with trial.sink(instance_id="b", rows=200, age_s=0.05) as second:
                _more(trial)
                _end(second)
                _more(trial)
            with trial.sink(instance_id="c", rows=200, age_s=0.05) as third:
                _more(trial)
                third.kill()
        with trial.sink(instance_id="d", rows=200, age_s=0.05):
            _more(trial)
    with trial.sink(instance_id="e") as last:
        _delivered(trial)
        _end(last)
    assert_shown(department)


def _more(trial: Trial) -> None:
    """Wait until many more rows are there."""
    before = trial.count("events")
    until(lambda: trial.count("events") > before + 300, "more rows")


def test_a_full_replay_changes_nothing_that_is_shown(trial: Trial) -> None:
    department, begins = Department(trial), _offsets(trial)
    _say(department, random.Random(2), 0, 600)
    department.flush()
    with trial.sink(rows=70, age_s=0.05) as process:
        _delivered(trial)
        _end(process)
    assert_shown(department)
    for rows in (10_000, 33):  # in other batches, and so with other tokens
        _commit(trial, begins)
        assert not committed_everything(trial)
        with trial.sink(rows=rows, age_s=0.05) as process:
            _delivered(trial)
            _end(process)
        assert_shown(department)


def _offsets(trial: Trial) -> list[TopicPartition]:
    """What the group has committed."""
    consumer = Consumer({"bootstrap.servers": trial.stack.kafka_bootstrap, "group.id": trial.name})
    known = consumer.list_topics(timeout=60).topics
    places = [TopicPartition(topic, p) for topic in TABLE_BY_TOPIC for p in known[topic].partitions]
    committed = consumer.committed(places, timeout=60)
    consumer.close()
    return committed


def _commit(trial: Trial, offsets: list[TopicPartition]) -> None:
    """Set the group back, once Kafka has seen that its only member is gone."""
    consumer = Consumer({"bootstrap.servers": trial.stack.kafka_bootstrap, "group.id": trial.name})

    def is_taken() -> bool:
        try:
            answers = consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException:
            return False
        return all(answer.error is None for answer in answers)

    until(is_taken, "the group without a member")
    consumer.close()
