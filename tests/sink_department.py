"""What was said to a sink, and what its tables must show of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from confluent_kafka import Message

from schemas import topics
from schemas.codec import Record
from schemas.parts import Interval
from schemas.views import TurnaroundRow
from sinks.clickhouse.daily import count_days
from sinks.clickhouse.hourly import count_hours
from sinks.clickhouse.subscription import Partition
from tests.sink_trial import AT, Trial

INTERVALS = ("report_turnaround", "order_to_start")


@dataclass(slots=True)
class Department:
    """Says events and rows, and remembers them.

    ends: the offset after the last message, by partition. letters: how many messages can be no rows.
    """

    trial: Trial
    partition: int = -1
    ends: dict[Partition, int] = field(default_factory=dict)
    events: set[str] = field(default_factory=set)
    letters: int = 0
    turnaround: dict[str, TurnaroundRow | None] = field(default_factory=dict)

    def order(self, exam: str, name: str) -> None:
        """An order that becomes a row."""
        event = replace(self.trial.order(0), envelope=self.trial.envelope(name, exam))
        self.events.add(event.envelope.event_id)
        self._send(topics.EVENTS, event, event.envelope.exam_id)

    def refused_order(self, exam: str, name: str) -> None:
        """One that a constraint of the table refuses."""
        self.letters += 1
        envelope = self.trial.envelope(name, exam)
        self._send(topics.EVENTS, replace(self.trial.order(0), envelope=envelope), envelope.exam_id)

    def noise(self, number: int) -> None:
        """Bytes that are no event."""
        self.letters += 1
        self._send(topics.EVENTS, f"\x07no event {number}".encode(), "noise")

    def row(self, exam: str, names: tuple[str, ...], hour: int) -> None:
        """The exam's row, with intervals that end in that hour; no row any more where it has none."""
        exam_id, end = f"{self.trial.name}|{exam}", AT + timedelta(hours=hour % 50)
        intervals = tuple(
            Interval(name=name, start_at=end - timedelta(minutes=hour), end_at=end, seconds=60.0 * hour)
            for name in names
        )
        row = replace(self.trial.turnaround(), exam_id=exam_id, intervals=intervals) if names else None
        self.turnaround[exam_id] = row
        self._send(topics.TURNAROUND, row, exam_id)

    def flush(self) -> None:
        """Until Kafka has all of it."""
        assert self.trial.producer.flush(60) == 0

    def _send(self, topic: str, said: Record | bytes | None, key: str) -> None:
        value = said if said is None or isinstance(said, bytes) else self.trial.codec.encode(said)
        self.trial.producer.produce(
            topic, key=key, value=value, partition=self.partition, on_delivery=self._acknowledged
        )
        self.trial.producer.poll(0)

    def _acknowledged(self, error: object, message: Message[Any, Any]) -> None:
        assert error is None
        self.ends[str(message.topic()), message.partition() or 0] = (message.offset() or 0) + 1

    def intervals(self) -> dict[tuple[str, str], tuple[Any, float]]:
        """End and seconds by exam and interval, as the last row of each exam has them."""
        return {
            (exam_id, interval.name): (interval.end_at.replace(tzinfo=None), interval.seconds)
            for exam_id, row in self.turnaround.items()
            if row is not None
            for interval in row.intervals
        }

    def hours(self) -> dict[tuple[str, Any], tuple[int, float]]:
        """Exams and their seconds by interval and hour."""
        hours: dict[tuple[str, Any], tuple[int, float]] = {}
        for (_, interval), (end_at, seconds) in self.intervals().items():
            exams, total = hours.get((interval, end_at.replace(minute=0)), (0, 0.0))
            hours[interval, end_at.replace(minute=0)] = exams + 1, total + seconds
        return hours

    def days(self) -> dict[tuple[str, Any], list[float]]:
        """Their seconds by interval and day."""
        days: dict[tuple[str, Any], list[float]] = {}
        for (_, interval), (end_at, seconds) in sorted(self.intervals().items()):
            days.setdefault((interval, end_at.date()), []).append(seconds)
        return {key: sorted(seconds) for key, seconds in days.items()}


def assert_shown(department: Department) -> None:
    """Views, what materialized views made, and the rollup show what was said, once."""
    trial = department.trial
    for view in ("v_events", "v_deliveries"):
        ids = [row[0] for row in trial.rows(f"SELECT toString(event_id) FROM {view}")]
        assert sorted(ids) == sorted(department.events), view
    assert trial.rows("SELECT max(deliveries) FROM v_deliveries") == [(1,)]
    rows = trial.rows("SELECT exam_id, interval, end_at, seconds FROM v_turnaround")
    found = {(exam_id, interval): (end_at, seconds) for exam_id, interval, end_at, seconds in rows}
    assert found == department.intervals()
    assert len(found) == len(rows)
    assert _hours(trial) == department.hours()
    assert _days(trial) == department.days()


def assert_inserted_once(department: Department) -> None:
    """The tables hold each event once even as they were inserted, before repeats are replaced."""
    for table in ("events", "deliveries"):
        ids = [row[0] for row in department.trial.rows(f"SELECT toString(event_id) FROM {table}")]
        assert sorted(ids) == sorted(department.events), table


def _hours(trial: Trial) -> Mapping[tuple[str, Any], tuple[int, float]]:
    count_hours(trial.client)
    rows = trial.rows(
        "SELECT interval, hour, sum(exams), sum(seconds_sum) FROM v_turnaround_hourly"
        " GROUP BY interval, hour HAVING sum(exams) > 0"
    )
    return {(interval, hour): (exams, seconds) for interval, hour, exams, seconds in rows}


def _days(trial: Trial) -> Mapping[tuple[str, Any], list[float]]:
    count_days(trial.client, "UTC")
    rows = trial.rows(
        "SELECT interval, day, arraySort(groupArrayArray(seconds)) FROM v_turnaround_daily"
        " WHERE zone = 'UTC' AND exams > 0 GROUP BY interval, day"
    )
    return {(interval, day): list(seconds) for interval, day, seconds in rows}
