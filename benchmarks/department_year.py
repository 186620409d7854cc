"""The events of a department's year, as the log would have them: made once, then read from a cache.

The simulated department plans a month of exams; what its systems say goes, message for message, through the
listener's HL7 mapping, and what is said of images has the DICOM listener's envelopes. Nothing is sent. The
year is that month twelve times, each time with dates, numbers and ids of its own. Patients' keys are derived,
not kept: nobody opens what is sealed here.
"""

from __future__ import annotations

import hashlib
import heapq
import struct
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from uuid import UUID

from benchmarks.department_saying import SITE, Saying
from benchmarks.harness import progress
from producers.simulator.department_file import load_department
from producers.simulator.identities import PlanIdentity
from producers.simulator.plan import DepartmentPlan
from runtime.settings import Settings
from schemas.codec import Codec
from schemas.contracts import self_contained
from schemas.events import Event

_START = datetime(2025, 1, 1, tzinfo=UTC)
MONTHS = 12
_MONTH = timedelta(days=31)
_LENGTHS = struct.Struct(">HI")
# Twice the simulator's department: 160,000 exams a year.
_GROWN = 2.0

# All that is said in the year; its place here is the schema id that a cached value has.
CONTRACTS = tuple(
    f"radstream.events.{name}"
    for name in (
        "PatientRegistered",
        "OrderPlaced",
        "OrderCancelled",
        "ExamScheduled",
        "PatientArrived",
        "AcquisitionStarted",
        "AcquisitionCompleted",
        "FirstImageStored",
        "ImagesStored",
        "SeriesStored",
        "StudyStored",
        "ReportDictated",
        "PreliminaryReportPublished",
        "FinalReportPublished",
        "ReportCorrected",
    )
)
SCHEMA_IDS = {name: number for number, name in enumerate(CONTRACTS)}
_CODEC_HEADER = struct.Struct(">bI")


def department_year(events: int) -> Path:
    """A file with the first `events` events of the year, in the order in which they were recorded."""
    contracts = "".join(str(self_contained(name)) for name in CONTRACTS)
    digest = hashlib.sha256(contracts.encode()).hexdigest()[:12]
    path = Settings().cache / "benchmarks" / f"department-year-{events}-{digest}.bin"
    if not path.exists():
        progress(f"making {events:,} events of a department's year (once)")
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            for number, (key, value) in enumerate(_year(events), 1):
                file.write(_LENGTHS.pack(len(key), len(value)) + key + value)
                if number % 250_000 == 0:
                    progress(f"  {number:,}")
        unfinished.rename(path)
    return path


def read_events(path: Path, ids: Mapping[str, int]) -> Iterator[tuple[bytes, bytes]]:
    """Key and value of each; `ids`: what the registry calls each contract, by record name."""
    headers = [_CODEC_HEADER.pack(0, ids[name]) for name in CONTRACTS]
    with path.open("rb", buffering=1 << 20) as file:
        while lengths := file.read(_LENGTHS.size):
            key_bytes, value_bytes = _LENGTHS.unpack(lengths)
            key, value = file.read(key_bytes), file.read(value_bytes)
            yield key, headers[_CODEC_HEADER.unpack_from(value)[1]] + value[_CODEC_HEADER.size :]


def _year(events: int) -> Iterator[tuple[bytes, bytes]]:
    codec = Codec(SCHEMA_IDS, lambda number: f"no schema {number}")
    month = list(_month(-(-events // MONTHS)))
    for number in range(MONTHS):
        for event in month[: events - number * len(month)]:
            said = event if number == 0 else _in_month(event, number)
            yield said.envelope.exam_id.encode(), codec.encode(said)


def _month(events: int) -> Iterator[Event]:
    """The first `events` events of a department, in the order in which they were recorded."""
    exams = DepartmentPlan(load_department().grown(_GROWN), PlanIdentity(1, SITE, "year"), _START).exams()
    saying = Saying()
    order = count()
    waiting: list[tuple[datetime, int, Event]] = []
    for exam in exams:
        while waiting and waiting[0][0] < exam.begins_at:
            yield heapq.heappop(waiting)[2]
            if (events := events - 1) == 0:
                return
        for event in saying.of(exam):
            heapq.heappush(waiting, (event.envelope.recorded_at, next(order), event))


def _in_month(event: Event, number: int) -> Event:
    """The same, `number` months later, of another exam."""
    later = {
        one.name: value + number * _MONTH
        for one in fields(event)
        if isinstance(value := getattr(event, one.name), datetime)
    }
    texts = {
        name: f"{value}.{number}"
        for name in ("accession_number", "study_instance_uid", "series_instance_uid")
        if isinstance(value := getattr(event, name, None), str)
    }
    envelope = event.envelope
    moved = replace(
        envelope,
        event_id=str(UUID(int=UUID(envelope.event_id).int ^ number)),
        exam_id=f"{envelope.exam_id}.{number}",
        occurred_at=envelope.occurred_at + number * _MONTH,
        recorded_at=envelope.recorded_at + number * _MONTH,
    )
    return replace(event, envelope=moved, **later, **texts)  # type: ignore[arg-type]  # fields of its own
