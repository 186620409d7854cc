"""Milestones to stage: what a department lead expects to see."""

from __future__ import annotations

from datetime import timedelta

import pytest

from processors.fold import fold
from processors.worklist import worklist_row
from schemas.events import (
    AcquisitionCompleted,
    AcquisitionStarted,
    Event,
    EventCorrected,
    ExamScheduled,
    FinalReportPublished,
    FirstImageStored,
    ImagesStored,
    OrderCancelled,
    OrderPlaced,
    PatientArrived,
    PreliminaryReportPublished,
    ReportCorrected,
    ReportDictated,
)
from schemas.identity import event_id
from schemas.parts import Envelope, Source
from schemas.views import WorklistRow
from tests.histories import MORNING

STUDY = "1.2.840.1"


def _at(minutes: int, cls: type[Event], **fields: object) -> Event:
    envelope = Envelope(
        event_id=event_id(cls.__name__, str(minutes)),
        exam_id="GENERAL|A1",
        occurred_at=MORNING + timedelta(minutes=minutes),
        recorded_at=MORNING + timedelta(minutes=minutes),
        source=Source(system="RIS", facility="GENERAL", protocol="HL7v2"),
        source_message_id=str(minutes),
        site="GENERAL",
        corrects=fields.pop("corrects", None),  # type: ignore[arg-type]
    )
    if cls in {FirstImageStored, ImagesStored}:
        fields |= {"study_instance_uid": STUDY, "calling_ae_title": "CT1"}
    return cls(envelope=envelope, **fields)  # type: ignore[arg-type]


FIRST = _at(30, FirstImageStored)
STORED = _at(40, ImagesStored, series_count=2, instance_count=60, size_bytes=9, modality="CT")
ORDERED, SCHEDULED, ARRIVED = _at(0, OrderPlaced), _at(1, ExamScheduled), _at(10, PatientArrived)
STARTED, COMPLETED = _at(20, AcquisitionStarted), _at(35, AcquisitionCompleted)
DICTATED, PRELIMINARY = _at(60, ReportDictated), _at(70, PreliminaryReportPublished)
FINAL, CORRECTED = _at(80, FinalReportPublished), _at(90, ReportCorrected)


def _row(*events: Event) -> WorklistRow:
    return worklist_row(fold(events)["GENERAL|A1"])


@pytest.mark.parametrize(
    ("events", "stage", "since_minutes"),
    [
        ((ORDERED,), "ordered", 0),
        ((ORDERED, SCHEDULED), "scheduled", 1),
        ((ORDERED, SCHEDULED, ARRIVED), "arrived", 10),
        ((ORDERED, ARRIVED, STARTED), "in_progress", 20),
        ((ORDERED, STARTED, FIRST), "in_progress", 20),
        ((ORDERED, FIRST), "in_progress", 30),
        ((ORDERED, STARTED, FIRST, COMPLETED), "acquired", 35),
        ((ORDERED, STARTED, COMPLETED, STORED), "stored", 40),
        ((ORDERED, STORED), "stored", 40),
        ((ORDERED, STARTED, STORED), "in_progress", 20),
        ((ORDERED, COMPLETED, STORED, DICTATED), "dictated", 60),
        ((ORDERED, COMPLETED, STORED, DICTATED, PRELIMINARY), "preliminary", 70),
        ((FINAL, ORDERED), "final", 80),
        ((ORDERED, FINAL, CORRECTED), "final", 80),
        ((ORDERED, _at(5, OrderCancelled)), "cancelled", 5),
        ((FIRST, STORED), "unmatched", 30),
    ],
)
def test_stage_follows_from_the_milestones(events: tuple[Event, ...], stage: str, since_minutes: int) -> None:
    row = _row(*events)
    assert row.stage == stage
    assert row.stage_since_at == MORNING + timedelta(minutes=since_minutes)
    assert row.unmatched == (stage == "unmatched")


def test_a_retracted_report_puts_the_exam_back_to_its_stage_before() -> None:
    retraction = _at(95, EventCorrected, corrects=FINAL.envelope.event_id)
    assert _row(ORDERED, COMPLETED, STORED, FINAL, retraction).stage == "stored"


def test_the_order_decides_the_modality_over_the_images() -> None:
    order = _at(0, OrderPlaced, modality="PT")
    assert _row(order, STORED).modality == "PT"
    assert _row(STORED).modality == "CT"


def test_image_counts_are_the_greatest_said_whatever_the_order() -> None:
    later = _at(50, ImagesStored, series_count=3, instance_count=90, size_bytes=9)
    assert (_row(later, STORED).series_count, _row(STORED, later).instance_count) == (3, 90)


def test_the_scanner_is_the_planned_one_until_another_one_says_that_it_began() -> None:
    planned, begun = (
        _at(1, ExamScheduled, station_ae_title="CT1"),
        _at(20, AcquisitionStarted, station_ae_title="CT2"),
    )
    assert _row(ORDERED).station_ae_title is None
    assert _row(planned, ORDERED).station_ae_title == "CT1"
    assert _row(begun, planned, ORDERED).station_ae_title == "CT2"
