"""Two days of a small department in a real ClickHouse, for what is asked of the past."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from processors.fold import fold
from processors.turnaround import turnaround_row
from processors.worklist import worklist_row
from runtime.exam_as_of import folding
from runtime.exam_effects import effects
from schemas.events import (
    AcquisitionCompleted,
    AcquisitionStarted,
    Event,
    FinalReportPublished,
    OrderPlaced,
    PatientArrived,
)
from schemas.identity import exam_id_of_accession, patient_key
from schemas.keyring import FileKeyRing
from schemas.parts import Phi
from schemas.phi import seal
from schemas.views import PredictionRow
from sinks.clickhouse import rows as tables
from sinks.clickhouse.client import connect
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.hourly import count_hours
from sinks.clickhouse.migrate import migrate
from tests.clickhouse_running import DATABASE, PASSWORD, USER, clickhouse_server
from tests.exam_events import said
from tests.histories import MORNING
from tests.served_board import ServedBoard, key_directory, key_ring, served_board

YESTERDAY, TODAY = MORNING.replace(hour=0), MORNING.replace(hour=0) + timedelta(days=1)
NOW = TODAY + timedelta(hours=12)
DONE, OPEN, LATE, ERASED = (exam_id_of_accession("GENERAL", name) for name in ("A1", "A2", "A3", "A4"))
TARGETS = """
[[target]]
interval = "order_to_final"
due_min = 60
warn_before_min = 15
"""


def at(day: datetime, hour: float) -> datetime:
    """So many hours into the day."""
    return day + timedelta(hours=hour)


def _said(
    exam_id: str,
    when: datetime,
    cls: type[Event],
    recorded_at: datetime | None = None,
    key: str | None = None,
    **fields: object,
) -> Event:
    event = said(exam_id, (when - MORNING) / timedelta(minutes=1), cls, key, **fields)
    return replace(event, envelope=replace(event.envelope, recorded_at=recorded_at or when))


def _ordered(ring: FileKeyRing, exam_id: str, when: datetime, name: str, priority: str = "ROUTINE") -> Event:
    key = patient_key(b"secret", "GENERAL", name)
    accession = exam_id.partition("|")[2]
    event = _said(
        exam_id, when, OrderPlaced, key=key, accession_number=accession, modality="CT", priority=priority
    )
    phi = seal(ring, key, event.envelope.event_id, Phi(patient_name=name, patient_id="4711"))
    return replace(event, envelope=replace(event.envelope, phi=phi))


def department(ring: FileKeyRing) -> list[Event]:
    """One exam was done yesterday, one is open, the report of one came to us a day late, one is today's."""
    return [
        _ordered(ring, DONE, at(YESTERDAY, 6), "Lindqvist^Erik"),
        _said(DONE, at(YESTERDAY, 6.5), PatientArrived),
        _said(DONE, at(YESTERDAY, 7), AcquisitionStarted),
        _said(DONE, at(YESTERDAY, 7.5), AcquisitionCompleted),
        _said(DONE, at(YESTERDAY, 9), FinalReportPublished),
        _ordered(ring, OPEN, at(YESTERDAY, 10), "Roth^Anna", priority="STAT"),
        _said(OPEN, at(TODAY, 8), PatientArrived),
        _ordered(ring, LATE, at(YESTERDAY, 8), "Weiss^Otto"),
        _said(LATE, at(YESTERDAY, 10), AcquisitionCompleted),
        _said(LATE, at(YESTERDAY, 11), FinalReportPublished, recorded_at=at(TODAY, 9)),
        _ordered(ring, ERASED, at(TODAY, 7), "Gone^Greta"),
    ]


# By the target below each is due an hour later.
_ORDERED_H = {DONE: 6, LATE: 8, OPEN: 10}


def _forecast(exam_id: str, made_at: datetime, minutes: float, late: float | None = None) -> PredictionRow:
    return PredictionRow(
        prediction_id=f"{exam_id}|final",
        exam_id=exam_id,
        accession_number=exam_id.partition("|")[2],
        site="GENERAL",
        milestone="final",
        made_at=made_at,
        p10_at=made_at + timedelta(minutes=minutes / 2),
        p50_at=made_at + timedelta(minutes=minutes),
        p90_at=made_at + timedelta(minutes=minutes * 2),
        interval="order_to_final" if late is not None else None,
        due_at=at(YESTERDAY, _ORDERED_H[exam_id] + 1) if late is not None else None,
        breach_probability=late,
        reasons=("unread_ahead",),
        model="baseline",
    )


def forecasts() -> list[PredictionRow]:
    """What the department forecast: of one exam twice, of another once and then no more."""
    return [
        _forecast(DONE, at(YESTERDAY, 6.1), 120, late=0.5),
        _forecast(DONE, at(YESTERDAY, 7.1), 60, late=0.75),
        _forecast(LATE, at(YESTERDAY, 10.1), 30, late=0.25),
        _forecast(OPEN, at(YESTERDAY, 10.1), 90, late=0.125),
        _forecast(OPEN, at(TODAY, 11.9), 45, late=1.0),
    ]


def fill(url: str, events: Sequence[Event]) -> None:
    """The tables as the sink fills them: events, both rows of each exam, and what was forecast."""
    states = fold(events)
    with connect(url, USER, PASSWORD, DATABASE) as client:
        migrate(client, DATABASE)
        for table, records in (
            (tables.EVENTS, events),
            (tables.WORKLIST, [worklist_row(state) for state in states.values()]),
            (tables.TURNAROUND, [turnaround_row(state) for state in states.values()]),
            (tables.PREDICTIONS, forecasts()),
        ):
            placed = [Placed(record, "topic", 0, offset) for offset, record in enumerate(records)]
            client.insert_arrow(table.name, tables.to_arrow(table, placed))
        count_hours(client)


@contextmanager
def past_department(directory: Path) -> Iterator[tuple[ServedBoard, list[Event], FileKeyRing]]:
    """Its dashboard, at noon of the second day, with the live board as the worker would have it."""
    ring = FileKeyRing(key_directory(directory), b"k" * 32)
    events = department(ring)
    targets = directory / "targets.toml"
    targets.write_text(TARGETS, "utf-8")
    with clickhouse_server(directory / "clickhouse") as clickhouse:
        fill(clickhouse.url, events)
        with served_board(
            now=lambda: NOW.astimezone(UTC),
            clickhouse_url=clickhouse.url,
            clickhouse_user=USER,
            clickhouse_password=PASSWORD,
            clickhouse_database=DATABASE,
            key_ring=key_ring(directory),
            explain=effects,
            folding=folding(targets, 300.0, 7_305),
        ) as served:
            served.put(*(worklist_row(state) for state in fold(events).values()))
            served.forecast(forecasts()[-1])
            served.alert()
            served.load()
            yield served, events, ring
