"""The quarter as events, folded by the fold and written as the sink writes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from clickhouse_connect.driver.client import Client

from processors.fold import fold
from processors.turnaround import turnaround_row
from processors.worklist import worklist_row
from schemas import events as e
from schemas.codec import Record
from schemas.identity import event_id, exam_id_of_study
from schemas.parts import Envelope, Source
from schemas.views import AlertRow
from sinks.clickhouse import rows as tables
from sinks.clickhouse.columns import Placed
from sinks.clickhouse.hourly import count_hours
from sinks.clickhouse.table import Table, to_arrow
from tests.quarter_story import Quarter, Story

_RIS = Source(system="RIS", facility="GENERAL", protocol="HL7v2")
REPORT_DUE_S = 3600
_Said = tuple[type[e.Event], datetime | None, dict[str, Any]]


def load(client: Client, quarter: Quarter) -> None:
    """Into the tables of `client`'s database, which are empty."""
    events = [event for story in quarter.stories for event in events_of(story)]
    events += [event for study in quarter.unmatched for event in _images_alone(*study)]
    states = fold(events).values()
    _insert(client, tables.EVENTS, events)
    _insert(client, tables.WORKLIST, [worklist_row(state) for state in states])
    _insert(client, tables.TURNAROUND, [turnaround_row(state) for state in states])
    _insert(client, tables.ALERTS, [row for story in quarter.stories for row in alerts_of(story)])
    count_hours(client)


def events_of(story: Story) -> Iterator[e.Event]:
    """What the systems of the department said of one exam."""
    for cls, at, fields in (*_by_the_ris(story), *_by_the_scanner(story), *_by_the_reader(story)):
        if at is not None:
            yield _event(story.exam_id, story.patient, cls, at, fields)
    if story.reconciled is not None:
        yield from _found(story, story.reconciled)


def alerts_of(story: Story) -> Iterator[AlertRow]:
    """Of urgent reports: due an hour after the end of the acquisition, warned of in time."""
    if story.priority != "STAT" or story.completed is None or story.clock_fault:
        return
    due_at = story.completed + timedelta(seconds=REPORT_DUE_S)
    late = story.final is None or story.final > due_at
    state = ("breached" if late else "warned") if story.final is None else "resolved" if late else "met"
    yield AlertRow(
        alert_id=event_id("alert", story.accession),
        exam_id=story.exam_id,
        accession_number=story.accession,
        site="GENERAL",
        modality=story.modality,
        priority=story.priority,
        patient_class=story.patient_class,
        interval="report_turnaround",
        state=state,
        start_at=story.completed,
        warn_at=due_at - timedelta(minutes=15),
        due_at=due_at,
        breached_at=due_at if late else None,
        closed_at=story.final,
        closed_by=None if story.final is None else "final",
        targets_sha256="0" * 64,
        due_s=REPORT_DUE_S,
        said_at=story.final or due_at,
    )


def _by_the_ris(story: Story) -> tuple[_Said, ...]:
    order = {
        "modality": story.modality,
        "procedure_code": f"{story.modality}-A",
        "procedure_name": f"{story.modality} examination",
        "priority": story.first_priority,
        "patient_class": story.patient_class,
        "location": "ED" if story.patient_class == "E" else "W3",
    }
    changed = {"priority": story.priority, "previous_priority": story.first_priority}
    waits = (
        None if story.delay_code is None or story.arrived is None else story.arrived + timedelta(seconds=30)
    )
    return (
        (e.OrderPlaced, story.ordered, order),
        (e.PriorityChanged, story.ordered + timedelta(seconds=60), changed)
        if story.priority != story.first_priority
        else (e.PriorityChanged, None, {}),
        (
            e.ExamScheduled,
            None if story.scheduled is None else story.ordered + timedelta(seconds=90),
            {"scheduled_at": story.scheduled, "station_ae_title": story.scanner},
        ),
        (e.PatientMissedAppointment, story.missed, {"scheduled_at": story.scheduled}),
        (e.OrderCancelled, story.cancelled, {}),
        (e.PatientArrived, story.arrived, {}),
        (e.DelayRecorded, waits, {"delay_code": story.delay_code}),
    )


def _by_the_scanner(story: Story) -> tuple[_Said, ...]:
    scanner = {
        "modality": story.modality,
        "station_ae_title": story.scanner,
        "study_instance_uid": story.study,
    }
    sent = {"study_instance_uid": story.study, "calling_ae_title": story.scanner}
    totals = {"series_count": 1, "instance_count": story.images, "size_bytes": 1_000}
    found = story.reconciled is not None
    return (
        (e.AcquisitionStarted, story.started, scanner),
        (e.AcquisitionCompleted, story.completed, scanner),
        (e.FirstImageStored, None if found else story.first_image, sent),
        (e.ImagesStored, None if found else story.stored, {**sent, **totals}),
    )


def _by_the_reader(story: Story) -> tuple[_Said, ...]:
    by = {"reported_by": story.reader}
    category = {"category": story.critical_category}
    return (
        (e.ExamOpened, story.opened, {"opened_by": story.reader}),
        (e.ReportDictated, story.dictated, by),
        (e.FinalReportPublished, story.final, by),
        (e.CriticalResultNotified, story.critical_notified, category),
        (e.CriticalResultAcknowledged, story.critical_acknowledged, category),
        *((e.ReportAddended, at, by) for at in story.addended),
        (e.ReportCorrected, story.corrected, by),
    )


def _found(story: Story, at: datetime) -> Iterator[e.Event]:
    """Images without an accession number, and what the reconciler says of them under both exams."""
    alone = exam_id_of_study("GENERAL", story.study)
    assert story.first_image is not None
    assert story.stored is not None
    yield from _images_alone(story.study, story.scanner, story.images, story.first_image, story.stored)
    pair = {
        "from_exam_id": alone,
        "into_exam_id": story.exam_id,
        "first_image_at": story.first_image,
        "stored_at": story.stored,
        "series_count": 1,
        "instance_count": story.images,
    }
    for exam_id in (alone, story.exam_id):
        yield _event(exam_id, None, e.ExamReconciled, at, pair)


def _images_alone(
    study: str, scanner: str, images: int, first_at: datetime, stored_at: datetime | None = None
) -> Iterator[e.Event]:
    exam_id = exam_id_of_study("GENERAL", study)
    sent = {"study_instance_uid": study, "calling_ae_title": scanner, "modality": scanner[:2]}
    totals = {"series_count": 1, "instance_count": images, "size_bytes": 1_000}
    yield _event(exam_id, None, e.FirstImageStored, first_at, sent)
    yield _event(
        exam_id, None, e.ImagesStored, stored_at or first_at + timedelta(minutes=3), {**sent, **totals}
    )


def _event(
    exam_id: str, patient: str | None, cls: type[e.Event], at: datetime, fields: dict[str, Any]
) -> e.Event:
    envelope = Envelope(
        event_id=event_id("quarter", exam_id, cls.__name__, at.isoformat()),
        exam_id=exam_id,
        occurred_at=at,
        recorded_at=at + timedelta(seconds=1),
        source=_RIS,
        source_message_id=f"{exam_id} {cls.__name__} {at}",
        site="GENERAL",
        patient_key=patient,
    )
    accession = exam_id.partition("|")[2]
    if "accession_number" in cls.__slots__ and "|" not in accession:
        fields = {"accession_number": accession, **fields}
    event: e.Event = cls(envelope=envelope, **fields)
    return event


def _insert(client: Client, table: Table, records: Sequence[Record]) -> None:
    placed = [Placed(record, "topic", 0, offset) for offset, record in enumerate(records)]
    client.insert_arrow(table.name, to_arrow(table, placed))
