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
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

from benchmarks.harness import progress
from producers.dicom.mapping import EventMaker, Subject
from producers.dicom.mapping import MappingConfig as DicomMapping
from producers.hl7.context import MappingConfig as Hl7Mapping
from producers.hl7.mapping import map_message
from producers.hl7.parsing import parse
from producers.simulator.department_file import load_department
from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.hl7_messages import message_of
from producers.simulator.identities import PlanIdentity
from producers.simulator.plan import DepartmentPlan
from runtime.settings import Settings
from schemas.codec import Codec
from schemas.contracts import self_contained
from schemas.events import Event, FirstImageStored, ImagesStored, SeriesStored, StudyStored
from schemas.identity import exam_id_of_accession, patient_key
from schemas.parts import Phi
from schemas.phi import Generations

SITE = "GENERAL"
_SECRET = bytes(32)
_START = datetime(2025, 1, 1, tzinfo=UTC)
_IMAGE_BYTES = 525_000
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


@dataclass(frozen=True, slots=True)
class DerivedKeys:
    """A key ring that keeps nothing: a patient's key follows from the pseudonym."""

    def current_key(self, subject: str) -> tuple[str, bytes]:
        """The only generation."""
        return f"{subject}/1", hashlib.sha256(subject.encode()).digest()

    def key(self, key_id: str) -> bytes:
        """The same key."""
        return self.current_key(key_id.partition("/")[0])[1]

    def destroy(self, subject: str) -> int:
        """Nothing is kept, so nothing can be destroyed. Raises NotImplementedError."""
        raise NotImplementedError(subject)

    def generations(self, subject: str) -> Generations:
        """The only one. Raises NotImplementedError: no benchmark asks."""
        raise NotImplementedError(subject)


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
    said = _Said()
    order = count()
    waiting: list[tuple[datetime, int, Event]] = []
    for exam in exams:
        while waiting and waiting[0][0] < exam.begins_at:
            yield heapq.heappop(waiting)[2]
            if (events := events - 1) == 0:
                return
        for event in said.of(exam):
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


class _Said:
    """What the department's systems and the archiver say of exams."""

    def __init__(self) -> None:
        ring = DerivedKeys()
        self._ring = ring
        self._hl7 = Hl7Mapping(site=SITE, site_secret=_SECRET)
        self._dicom = EventMaker(DicomMapping(site=SITE, site_secret=_SECRET), ring)

    def of(self, exam: SimulatedExam) -> Iterator[Event]:
        """All events of `exam`."""
        for step, at in exam.timeline:
            if step is Step.IMAGES_SENT:
                yield from self._images(exam, at)
            elif (message := message_of(exam, step)) is not None:
                recorded_at = at.astimezone(UTC) + timedelta(seconds=1)
                yield from map_message(parse(message.content), self._hl7, self._ring, recorded_at)

    def _images(self, exam: SimulatedExam, at: datetime) -> Iterator[Event]:
        images, uid = len(exam.instance_uids), exam.study_uid
        size = images * _IMAGE_BYTES
        phi = Phi(
            patient_id=exam.patient.mrn,
            patient_name=f"{exam.patient.family_name}^{exam.patient.given_name}",
            birth_date=exam.patient.birth_date.strftime("%Y%m%d"),
            sex=exam.patient.sex,
        )
        subject = Subject(
            exam_id_of_accession(SITE, exam.accession_number),
            patient_key(_SECRET, SITE, exam.patient.mrn),
            phi,
        )
        steps: tuple[tuple[Any, float, dict[str, object]], ...] = (
            (FirstImageStored, 0, {"calling_ae_title": exam.scanner}),
            (
                ImagesStored,
                20,
                {
                    "series_count": 1,
                    "instance_count": images,
                    "size_bytes": size,
                    "calling_ae_title": exam.scanner,
                },
            ),
            (
                SeriesStored,
                25,
                {
                    "series_instance_uid": exam.series_uid,
                    "instance_count": images,
                    "size_bytes": size,
                    "completed_by": "association",
                },
            ),
            (
                StudyStored,
                25,
                {
                    "series_count": 1,
                    "instance_count": images,
                    "size_bytes": size,
                    "completed_by": "association",
                },
            ),
        )
        for step, delay_s, own in steps:
            occurred_at = at.astimezone(UTC) + timedelta(seconds=delay_s)
            envelope = self._dicom.envelope(
                step,
                (uid, subject.exam_id),
                subject,
                exam.scanner,
                occurred_at=occurred_at,
                recorded_at=occurred_at + timedelta(seconds=1),
            )
            yield step(
                envelope=envelope,
                accession_number=exam.accession_number,
                study_instance_uid=uid,
                modality=exam.modality,
                **own,
            )
