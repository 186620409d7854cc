"""A sink that is killed at any line of its loop, on a real Kafka and engine, loses and doubles nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from confluent_kafka import Consumer, TopicPartition

from schemas import topics
from schemas.keyring import FileKeyRing
from sinks.clickhouse import sink as loop
from sinks.clickhouse.config import BatchLimits
from sinks.clickhouse.inserting import ClickHouseInserter
from sinks.clickhouse.letters import KafkaLetterBox
from sinks.clickhouse.migrate import migrate
from sinks.clickhouse.rows import TABLE_BY_TOPIC
from sinks.clickhouse.subscription import topic_ids
from sinks.consuming import consumer_settings
from tests.crashing_sink import CrashingSink, Line, Tracer
from tests.running_stack import RunningStack
from tests.sink_department import INTERVALS, Department, assert_inserted_once, assert_shown
from tests.sink_parts import sink_parts
from tests.sink_trial import SITE_KEY, Trial, sink_trial

pytestmark = pytest.mark.stack

# One batch of each topic: full as soon as all of it is there.
_ROWS = 4


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with sink_parts(tmp_path_factory.mktemp("parts")) as running:
        yield running


@pytest.fixture
def trial(parts: RunningStack, tmp_path: Path) -> Iterator[Trial]:
    with sink_trial(parts, tmp_path) as made:
        migrate(made.client, made.name)
        made.client.command(
            "ALTER TABLE events ADD CONSTRAINT fit CHECK source_message_id NOT LIKE '%refused%'"
        )
        yield made


@pytest.fixture
def crashing(trial: Trial) -> Iterator[CrashingSink]:
    bootstrap = trial.stack.kafka_bootstrap
    # A fetch that waits for news at the broker would hold up the next sink.
    quick = {"fetch.wait.max.ms": 5}
    consumer = Consumer({**consumer_settings(bootstrap, trial.name, None), **quick})
    known = consumer.list_topics(timeout=60).topics
    yield CrashingSink(
        trial=trial,
        consumer=consumer,
        inserter=ClickHouseInserter(trial.client),
        letters=KafkaLetterBox(trial.producer, trial.codec, FileKeyRing(trial.ring, SITE_KEY)),
        topic_ids=topic_ids(bootstrap, list(TABLE_BY_TOPIC)),
        limits=BatchLimits(rows=_ROWS, age_s=5.0),
        places=[TopicPartition(topic, p) for topic in TABLE_BY_TOPIC for p in known[topic].partitions],
    )
    consumer.close()


@dataclass(frozen=True, slots=True)
class Scenario:
    """What makes more lines reachable: an answer that is lost, a row that is refused, one that is removed."""

    loses: bool = False
    refuses: bool = False
    removes: bool = False


@dataclass(slots=True)
class SaidInBatches(Department):
    """A department that remembers what it said in each batch."""

    said: list[Scenario] = field(default_factory=list)


_SCENARIOS = (Scenario(), Scenario(loses=True), Scenario(refuses=True), Scenario(removes=True))


def test_wherever_the_sink_is_killed_each_row_is_there_once(
    trial: Trial, crashing: CrashingSink, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "FIRST_PAUSE_S", 0.01)
    department = SaidInBatches(trial, partition=0)
    lines = _reached(department, crashing)
    missed = [
        line for line, scenario in lines.items() if not _is_killed(department, crashing, line, scenario)
    ]
    # Which comes first, an answer or a message, is chance: a few lines are not reached again.
    assert len(missed) < 0.05 * len(lines), missed
    crashing.run(Tracer(), department.ends)
    _check(crashing, department)


def _is_killed(department: SaidInBatches, crashing: CrashingSink, line: Line, scenario: Scenario) -> bool:
    """Kill a sink there: on what the one that was killed before it left undone, else on another batch."""
    for _ in range(2):
        if crashing.is_done(department.ends) or department.said[-1:] != [scenario]:
            crashing.run(Tracer(), department.ends)
            _say(department, scenario)
        tracer = Tracer(kill_at=line)
        crashing.run(tracer, department.ends, lost_answers=int(scenario.loses))
        if tracer.has_killed:
            return True
    return False


def _reached(department: SaidInBatches, crashing: CrashingSink) -> dict[Line, Scenario]:
    """Every line of the loop that a batch of each topic reaches, and the first scenario in which it does."""
    lines: dict[Line, Scenario] = {}
    for scenario in _SCENARIOS:
        _say(department, scenario)
        tracer = Tracer()
        crashing.run(tracer, department.ends, lost_answers=int(scenario.loses))
        lines |= {line: scenario for line in tracer.reached if line not in lines}
    return lines


def _say(department: SaidInBatches, scenario: Scenario) -> None:
    """A batch of events, and one of turnaround rows that replace others."""
    number = len(department.said)
    department.said.append(scenario)
    for name in (f"order-{number}-a", f"order-{number}-b"):
        department.order(f"E{number}", name)
    department.noise(number)
    if scenario.refuses:
        department.refused_order(f"E{number}", f"refused-{number}")
    else:
        department.order(f"E{number}", f"order-{number}-c")
    department.row(f"T{number}", INTERVALS, number)
    department.row(f"T{number}", INTERVALS[:1], number + 1)
    department.row(f"U{number}", INTERVALS, number)
    department.row(f"U{number}", () if scenario.removes else INTERVALS[1:], number + 2)
    department.flush()


def _check(crashing: CrashingSink, department: SaidInBatches) -> None:
    letters = TopicPartition(topics.DEADLETTERS, 0)
    end = crashing.consumer.get_watermark_offsets(letters, timeout=60)[1]
    crashing.run(Tracer(), {(topics.DEADLETTERS, 0): end})
    assert_inserted_once(department)
    assert_shown(department)
    found = department.trial.rows("SELECT uniqExact(dead_letter_id) FROM v_deadletters")
    assert found == [(department.letters,)]
