"""The events of a simulated department, exam by exam, without a listener, a broker or a store.

Registration, orders and reports go through the HL7 mapping, as the simulator's messages do; what the scanner
and the archive say of an exam is said here as their rooms say it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from producers.hl7.context import MappingConfig
from producers.hl7.mapping import map_message
from producers.hl7.parsing import parse
from producers.simulator.department_file import load_department
from producers.simulator.exam import SimulatedExam, Step
from producers.simulator.hl7_messages import message_of
from producers.simulator.identities import PlanIdentity
from producers.simulator.plan import DepartmentPlan, bounded_department
from schemas.events import (
    AcquisitionCompleted,
    AcquisitionStarted,
    Event,
    FirstImageStored,
    ImagesStored,
    SeriesStored,
    StorageCommitted,
    StudyStored,
)
from schemas.identity import event_id, exam_id_of_accession
from schemas.keyring import FileKeyRing
from schemas.parts import Envelope, Source
from schemas.phi import KeyRing

_MORNING = datetime(2026, 11, 24, 6, tzinfo=UTC)
_SITE = "GENERAL"
_RECORDED_AFTER = timedelta(microseconds=731_204)
_TRANSFER = timedelta(seconds=40, microseconds=137_211)
_IMAGE_BYTES = 525_312


def department_events(exams: int) -> list[list[Event]]:
    """The events of each of the first `exams` exams, in the order in which they were recorded."""
    plan = DepartmentPlan(
        bounded_department(load_department(), exams), PlanIdentity(1, _SITE, "bench"), _MORNING
    )
    with tempfile.TemporaryDirectory(prefix="radstream-bench-") as directory:
        ring = FileKeyRing(Path(directory, "keys"), bytes(32))
        config = MappingConfig(site=_SITE, site_secret=b"benchmark")
        return [_events(exam, config, ring) for exam in islice(plan.exams(), exams)]


def _events(exam: SimulatedExam, config: MappingConfig, ring: KeyRing) -> list[Event]:
    said: list[Event] = []
    patient_key: str | None = None
    for step, at in exam.timeline:
        message = message_of(exam, step)
        if message is not None:
            events = map_message(parse(message.content), config, ring, at.astimezone(UTC) + _RECORDED_AFTER)
            exam_id = exam_id_of_accession(_SITE, exam.accession_number)
            said += [event for event in events if event.envelope.exam_id == exam_id]
            patient_key = events[0].envelope.patient_key
        said += _of_the_scanner(exam, step, patient_key, at.astimezone(UTC))
    return sorted(said, key=lambda event: event.envelope.recorded_at)


def _of_the_scanner(
    exam: SimulatedExam, step: Step, patient_key: str | None, at: datetime
) -> Iterator[Event]:
    """MPPS, and the archive's events of a study that came whole."""
    scanner: dict[str, Any] = {"modality": exam.modality, "station_ae_title": exam.scanner}
    study: dict[str, Any] = {"study_instance_uid": exam.study_uid, "accession_number": exam.accession_number}
    sender = {"calling_ae_title": exam.scanner, "modality": exam.modality}
    images = len(exam.instance_uids)
    totals = {"instance_count": images, "size_bytes": images * _IMAGE_BYTES}
    steps: list[tuple[type[Event], timedelta, dict[str, Any]]] = []
    if step is Step.STARTED:
        steps = [(AcquisitionStarted, timedelta(seconds=3), scanner)]
    elif step is Step.COMPLETED:
        steps = [(AcquisitionCompleted, timedelta(seconds=-5), scanner)]
    elif step is Step.IMAGES_SENT:
        series = {"series_instance_uid": exam.series_uid, "completed_by": "mpps", **totals}
        committed = {
            "transaction_uid": exam.frame_of_reference_uid,
            "committed_count": images,
            "failed_count": 0,
        }
        steps = [
            (FirstImageStored, timedelta(0), sender),
            (SeriesStored, _TRANSFER, series),
            (ImagesStored, _TRANSFER, {"series_count": 1, **sender, **totals}),
            (
                StudyStored,
                _TRANSFER,
                {"series_count": 1, "completed_by": "mpps", "modality": exam.modality, **totals},
            ),
            (StorageCommitted, 2 * _TRANSFER, committed),
        ]
    for cls, after, fields in steps:
        yield cls(envelope=_envelope(exam, cls, patient_key, at + after), **_known(cls, study), **fields)


def _known(cls: type[Event], fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name in cls.__slots__}


def _envelope(exam: SimulatedExam, cls: type[Event], patient_key: str | None, at: datetime) -> Envelope:
    return Envelope(
        event_id=event_id("dicom", exam.study_uid, cls.AVRO_NAME),
        exam_id=exam_id_of_accession(_SITE, exam.accession_number),
        occurred_at=at,
        recorded_at=at + _RECORDED_AFTER,
        source=Source(system=exam.scanner, facility="", protocol="DICOM"),
        source_message_id=exam.study_uid,
        site=_SITE,
        swim_code=cls.SWIM_CODE,
        patient_key=patient_key,
    )


def of_sites(events: Sequence[Event], sites: int) -> list[Event]:
    """The same exams, of so many sites."""
    return [_of_site(event, f"S{number}") for number in range(sites) for event in events]


def _of_site(event: Event, site: str) -> Event:
    said = event.envelope
    envelope = replace(
        said, event_id=event_id(site, said.event_id), exam_id=f"{site}|{said.exam_id}", site=site
    )
    return replace(event, envelope=envelope)
