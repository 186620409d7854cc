"""Two senses of an instant, from Kafka to the dashboard: what came late differs between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import pytest
from confluent_kafka import Producer

from schemas.cloudevents import headers
from schemas.events import AcquisitionCompleted, Event, FinalReportPublished, OrderPlaced
from schemas.identity import exam_id_of_accession
from schemas.registry import connect_codec
from schemas.topics import EVENTS
from tests.exam_events import said
from tests.histories import MORNING
from tests.running_stack import RunningStack

pytestmark = pytest.mark.stack
PATIENCE_S = 90.0


def _late_report(exam_id: str, now: datetime) -> list[Event]:
    """Ordered, done and reported the day before yesterday; of the report we learned today."""
    day = (now - timedelta(days=2)).replace(hour=9, minute=0, second=0, microsecond=0)
    steps: list[tuple[float, type[Event], dict[str, Any]]] = [
        (0, OrderPlaced, {"accession_number": exam_id.partition("|")[2], "modality": "CT"}),
        (1, AcquisitionCompleted, {}),
        (2, FinalReportPublished, {}),
    ]
    events = []
    for hours, cls, fields in steps:
        minutes = (day + timedelta(hours=hours) - MORNING) / timedelta(minutes=1)
        events.append(said(exam_id, minutes, cls, None, **fields))
    late = events[-1]
    return [*events[:-1], replace(late, envelope=replace(late.envelope, recorded_at=now))]


def _publish(stack: RunningStack, events: list[Event]) -> None:
    codec = connect_codec(stack.registry_url)
    producer = Producer({"bootstrap.servers": stack.kafka_bootstrap, "acks": "all"})
    for event in events:
        key = event.envelope.exam_id.encode()
        producer.produce(EVENTS, key=key, value=codec.encode(event), headers=[*headers(event)])
    assert producer.flush(30) == 0


def _eventually(found: Callable[[], Any], wanted: object) -> None:
    deadline_s = time.monotonic() + PATIENCE_S
    while (last := found()) != wanted and time.monotonic() < deadline_s:
        time.sleep(0.3)
    assert last == wanted


def test_a_report_that_came_late_is_there_in_the_sense_of_what_was_true(stack: RunningStack) -> None:
    exam_id = exam_id_of_accession("GENERAL", f"ASOF{uuid4().hex[:8].upper()}")
    now = datetime.now(UTC)
    events = _late_report(exam_id, now)
    _publish(stack, events)
    evening = events[0].envelope.occurred_at + timedelta(hours=10)
    with httpx.Client(base_url=stack.dashboard_url, headers=stack.dashboard_headers(), timeout=30) as client:

        def stage(at: datetime | None, sense: str = "recorded") -> str | None:
            asked = {} if at is None else {"as_of": at.isoformat(), "sense": sense}
            answer = client.get(f"/api/exams/{quote(exam_id, safe='')}", params=asked)
            found: str | None = answer.json().get("exam", {}).get("stage")
            return found

        def on_board(sense: str) -> str | None:
            asked = {"as_of": evening.isoformat(), "sense": sense, "q": exam_id}
            items = client.get("/api/worklist", params=asked).json()["items"]
            return next((item["stage"] for item in items if item["exam_id"] == exam_id), None)

        _eventually(lambda: stage(None), "final")
        _eventually(lambda: stage(datetime.now(UTC)), "final")
        assert (stage(evening), stage(evening, "occurred")) == ("acquired", "final")
        _eventually(lambda: on_board("recorded"), "acquired")
        _eventually(lambda: on_board("occurred"), "final")
