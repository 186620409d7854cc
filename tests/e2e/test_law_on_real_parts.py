"""The law, on a real broker, worker and engine: Faust view == ClickHouse view == offline fold."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, timedelta

import pytest
from clickhouse_connect.driver.client import Client
from confluent_kafka import Consumer, Producer, TopicPartition

from processors.fold import fold
from processors.turnaround import turnaround_row
from processors.worklist import worklist_row
from schemas.cloudevents import headers
from schemas.codec import Codec, Record
from schemas.events import (
    AcquisitionCompleted,
    AcquisitionStarted,
    Event,
    EventCorrected,
    FinalReportPublished,
    ImagesStored,
    OrderPlaced,
    PatientArrived,
)
from schemas.identity import event_id, exam_id_of_accession
from schemas.parts import Envelope, Source
from schemas.registry import connect_codec
from schemas.topics import EVENTS, TURNAROUND, WORKLIST
from sinks.clickhouse.client import connect
from tests.histories import MORNING
from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack
EXAMS = 60
PATIENCE_S = 60.0


def _event(chance: random.Random, exam: int, cls: type[Event], number: int, **fields: object) -> Event:
    exam_id = exam_id_of_accession("GENERAL", f"LAW{exam:04}")
    envelope = Envelope(
        event_id=event_id(exam_id, cls.__name__, str(number)),
        exam_id=exam_id,
        occurred_at=MORNING + timedelta(seconds=chance.randint(0, 40_000)),
        recorded_at=MORNING + timedelta(seconds=chance.randint(0, 40_000)),
        source=Source(system="RIS", facility="GENERAL", protocol="HL7v2"),
        source_message_id=f"LAW{exam}-{number}",
        site="GENERAL",
        swim_code=cls.SWIM_CODE,
        corrects=fields.pop("corrects", None),  # type: ignore[arg-type]
    )
    return cls(envelope=envelope, **fields)  # type: ignore[arg-type]


def _history(chance: random.Random) -> list[Event]:
    """Shuffled, with duplicates, retractions, missing steps and clocks that contradict each other."""
    events: list[Event] = []
    for exam in range(EXAMS):
        of_exam = [
            _event(
                chance, exam, OrderPlaced, 0, accession_number=f"LAW{exam:04}", modality="CT", priority="STAT"
            ),
            _event(chance, exam, PatientArrived, 1),
            _event(chance, exam, AcquisitionStarted, 2),
            _event(chance, exam, AcquisitionCompleted, 3),
            _event(
                chance,
                exam,
                ImagesStored,
                4,
                study_instance_uid=f"1.2.{exam}",
                series_count=1,
                instance_count=chance.randint(1, 900),
                size_bytes=1,
                calling_ae_title="CT1",
            ),
            _event(chance, exam, FinalReportPublished, 5),
        ]
        kept = chance.sample(of_exam, k=chance.randint(1, len(of_exam)))
        if chance.random() < 0.2:
            wrong = chance.choice(kept).envelope.event_id
            kept.append(_event(chance, exam, EventCorrected, 6, corrects=wrong))
        events += kept
    events += chance.choices(events, k=len(events) // 4)
    chance.shuffle(events)
    return events


@pytest.fixture
def clickhouse(stack: RunningStack) -> Iterator[Client]:
    client = connect(stack.clickhouse_url, stack.clickhouse_user, stack.clickhouse_password, "radstream")
    yield client
    client.close()


def test_faust_and_clickhouse_show_what_the_offline_fold_shows(
    stack: RunningStack, clickhouse: Client
) -> None:
    history = _history(random.Random(20261124))
    codec = connect_codec(stack.registry_url)
    _publish(stack, codec, history)
    states = fold(history)
    rows = {exam_id: worklist_row(state) for exam_id, state in states.items()}
    intervals = {exam_id: turnaround_row(state) for exam_id, state in states.items()}

    _eventually(lambda: _latest(stack, codec, WORKLIST, rows), rows)
    _eventually(lambda: _latest(stack, codec, TURNAROUND, intervals), intervals)
    _eventually(
        lambda: _stages(clickhouse),
        {
            exam_id: (row.stage, row.instance_count, row.event_count, row.final_at)
            for exam_id, row in rows.items()
        },
    )
    _eventually(
        lambda: _seconds(clickhouse),
        {
            (exam_id, interval.name): interval.seconds
            for exam_id, row in intervals.items()
            for interval in row.intervals
        },
    )


def test_one_event_stands_once_in_clickhouse_however_often_it_was_delivered(clickhouse: Client) -> None:
    rows = clickhouse.query(
        "SELECT count(), uniqExact(event_id) FROM events FINAL WHERE startsWith(exam_id, 'GENERAL|LAW')"
    ).result_rows[0]
    assert rows[0] == rows[1] > EXAMS


def _publish(stack: RunningStack, codec: Codec, history: list[Event]) -> None:
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "enable.idempotence": True})
    for event in history:
        key = event.envelope.exam_id.encode()
        producer.produce(EVENTS, key=key, value=codec.encode(event), headers=[*headers(event)])
    assert producer.flush(30) == 0


def _latest(
    stack: RunningStack, codec: Codec, topic: str, wanted: Mapping[str, Record]
) -> Mapping[str, Record]:
    """The last row by exam in a compacted topic."""
    consumer = Consumer(
        {"bootstrap.servers": stack.kafka_bootstrap, "group.id": "law", "enable.auto.commit": False}
    )
    try:
        partitions = consumer.list_topics(topic, 10).topics[topic].partitions
        places = [TopicPartition(topic, partition, 0) for partition in partitions]
        left = sum(consumer.get_watermark_offsets(place, 10)[1] for place in places)
        consumer.assign(places)
        found: dict[str, Record] = {}
        while left and (message := consumer.poll(2.0)) is not None:
            left -= 1
            key, value = message.key(), message.value()
            assert isinstance(key, bytes)
            assert isinstance(value, bytes)
            if key.decode() in wanted:
                found[key.decode()] = codec.decode(value)
        return found
    finally:
        consumer.close()


def _stages(client: Client) -> dict[str, tuple[object, ...]]:
    rows = client.query(
        "SELECT exam_id, stage, instance_count, event_count, final_at FROM worklist FINAL "
        "WHERE startsWith(exam_id, 'GENERAL|LAW')"
    ).result_rows
    # The driver gives UTC without saying so.
    return {row[0]: (*row[1:4], row[4] and row[4].replace(tzinfo=UTC)) for row in rows}


def _seconds(client: Client) -> dict[tuple[str, str], float]:
    rows = client.query(
        "SELECT exam_id, interval, seconds FROM v_turnaround"
        " WHERE startsWith(exam_id, 'GENERAL|LAW') AND excluded_reason = ''"
    ).result_rows
    return {(exam_id, interval): seconds for exam_id, interval, seconds in rows}


def _eventually(look: Callable[[], object], wanted: object) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (seen := look()) != wanted and time.monotonic() < deadline:
        time.sleep(0.5)
    assert seen == wanted
