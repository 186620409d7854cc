"""A small history whose faults are known, as the sink writes it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from clickhouse_connect.driver.client import Client

from schemas.codec import Record
from schemas.events import AcquisitionStarted, Event, InstanceStored, OrderPlaced, PatientArrived
from schemas.identity import event_id
from schemas.parts import Envelope, ExcludedInterval, Source
from schemas.views import TurnaroundRow, WorklistRow
from sinks.clickhouse import rows as tables
from sinks.clickhouse.columns import Placed
from tests.dashboard_rows import NOON, row

RIS = Source(system="RIS", facility="GENERAL", protocol="HL7v2")
SCANNER = Source(system="CT1", facility="", protocol="DICOM")
ULTRASOUND = Source(system="US7", facility="", protocol="DICOM")
LAST_MONTH = NOON - timedelta(days=30)


def exam(number: int) -> str:
    """The exam of this number, as `tests.dashboard_rows.row` names it."""
    return row(number).exam_id


def envelope(
    number: int, step: str, source: Source, delay_s: float = 1, *, recorded_at: datetime = NOON
) -> Envelope:
    """Said of exam `number`, `delay_s` after it happened."""
    return Envelope(
        event_id=event_id("quality", exam(number), step),
        exam_id=exam(number),
        occurred_at=recorded_at - timedelta(seconds=delay_s),
        recorded_at=recorded_at,
        source=source,
        source_message_id=f"{number}-{step}",
        site="GENERAL",
    )


def ordered(number: int, delay_s: float = 1, *, recorded_at: datetime = NOON) -> Event:
    """By the RIS."""
    said = envelope(number, "order", RIS, delay_s, recorded_at=recorded_at)
    return OrderPlaced(envelope=said, accession_number=f"A{number:05}")


def started(number: int, source: Source, delay_s: float = 1) -> Event:
    """By a modality."""
    return AcquisitionStarted(
        envelope=envelope(number, "start", source, delay_s), station_ae_title=source.system
    )


def arrived(number: int, delay_s: float = 1) -> Event:
    """By the RIS."""
    return PatientArrived(envelope=envelope(number, "arrival", RIS, delay_s))


def image(number: int, *, recorded_at: datetime = NOON) -> InstanceStored:
    """One image of exam `number`."""
    return InstanceStored(
        envelope=envelope(number, "image", SCANNER, recorded_at=recorded_at),
        study_instance_uid="1.2",
        series_instance_uid="1.2.1",
        sop_instance_uid=f"1.2.1.{number}",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        sha256="0" * 64,
        calling_ae_title="CT1",
        size_bytes=1_000,
        object_key=f"{number}",
    )


def reported(number: int, **fields: object) -> WorklistRow:
    """A finished exam that lacks nothing, but for what `fields` say."""
    ago = {"ordered": 120, "arrived": 90, "started": 60, "completed": 50, "first_image": 49, "stored": 45}
    reached = {f"{name}_at": NOON - timedelta(minutes=minutes) for name, minutes in ago.items()}
    whole: dict[str, Any] = {
        **reached,
        "dictated_at": NOON - timedelta(minutes=20),
        "final_at": NOON - timedelta(minutes=10),
        "modality": "CT",
        "procedure_code": "CTHEAD",
        "instance_count": 10,
        "images_expected": 10,
        "station_ae_title": "CT1",
    }
    return row(number, "final", **whole | fields)


def fill(client: Client) -> None:
    """Exams 1 to 5 in the period, exam 9 a month before.

    1: its order came three times. 2: no arrival was said, and the order was late. 3: images are missing, and
    name another patient. 4: signed before its end. 5: without an order, and its scanner's clock is ahead. 9:
    its order came again in the period.
    """
    _insert(client, tables.EVENTS, _events())
    # A batch that is inserted again, as after a lost answer, is no second delivery.
    _insert(client, tables.EVENTS, _events()[:2])
    # In a part of its own, and the first copy counts: it is an event of last month.
    _insert(client, tables.EVENTS, [ordered(9)], first_offset=100)
    _insert(client, tables.INSTANCES, [image(4), image(3), image(4, recorded_at=NOON + timedelta(hours=1))])
    worklist = [
        reported(1),
        reported(2, arrived_at=None),
        reported(3, images_expected=12, patient_mismatch=True),
        reported(4, completed_at=NOON, clock_faults=("final<completed",)),
        reported(5, ordered_at=None, station_ae_title="US7", patient_key=None),
        reported(9, final_at=LAST_MONTH, last_recorded_at=LAST_MONTH, arrived_at=None),
    ]
    _insert(client, tables.WORKLIST, worklist)
    _insert(client, tables.TURNAROUND, [_not_measured(4)])


def _events() -> list[Event]:
    again = [ordered(1, recorded_at=NOON + timedelta(minutes=minutes)) for minutes in (1, 2)]
    return [
        ordered(1),
        *again,
        ordered(2, delay_s=1200),
        ordered(3),
        ordered(4),
        arrived(1, delay_s=301),
        arrived(3, delay_s=300),
        started(4, SCANNER, delay_s=-1),
        started(5, ULTRASOUND, delay_s=-600),
        ordered(9, delay_s=5000, recorded_at=LAST_MONTH),
    ]


def _not_measured(number: int) -> TurnaroundRow:
    excluded = ExcludedInterval(
        name="report_turnaround", reason="clock_fault", start_at=NOON, end_at=NOON - timedelta(minutes=10)
    )
    return TurnaroundRow(
        exam_id=exam(number),
        site="GENERAL",
        intervals=(),
        event_count=1,
        last_recorded_at=NOON,
        excluded=(excluded,),
    )


def _insert(client: Client, table: tables.Table, records: Sequence[Record], *, first_offset: int = 0) -> None:
    placed = [Placed(record, "topic", 0, offset) for offset, record in enumerate(records, first_offset)]
    client.insert_arrow(table.name, tables.to_arrow(table, placed))
