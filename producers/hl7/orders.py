"""ORM^O01: orders and what becomes of them (HL7 v2.5.1 chapter 4).

What an order message means stands in ORC-1 (order control, table 0119) and ORC-5 (order status, table
0038); the table below is the one place that says which step each pair is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from producers.hl7.context import Context
from producers.hl7.order_groups import Exam, OrderGroup, exam_of, order_groups
from producers.hl7.rejections import UnknownOrderStatus
from schemas.events import (
    AcquisitionCompleted,
    AcquisitionDiscontinued,
    AcquisitionStarted,
    Event,
    ExamScheduled,
    OrderCancelled,
    OrderPlaced,
    PatientArrived,
)

_ANY = "*"
_CHANGED = ("SC", "XO", "XX")
_STEP_OF_STATUS: Mapping[str, type[Event]] = {
    "SC": ExamScheduled,
    # Table 0038 has no value for a patient who is there: AR is the default profile's own.
    "AR": PatientArrived,
    "IP": AcquisitionStarted,
    "CM": AcquisitionCompleted,
    "A": AcquisitionCompleted,
    "CA": OrderCancelled,
    "DC": AcquisitionDiscontinued,
}
STEP_OF_ORDER: Mapping[tuple[str, str], type[Event]] = {
    **{("NW", status): OrderPlaced for status in ("", "SC", "IP")},
    **{(control, status): step for control in _CHANGED for status, step in _STEP_OF_STATUS.items()},
    ("XO", ""): ExamScheduled,
    ("CA", _ANY): OrderCancelled,
    ("OC", _ANY): OrderCancelled,
    ("DC", _ANY): AcquisitionDiscontinued,
    ("OD", _ANY): AcquisitionDiscontinued,
}

# When the exam shall begin, the first that has a value: TQ1-7, OBR-36, or TQ.4 of the older messages.
_SCHEDULED_AT = ("TQ1-7", "OBR-36", "ORC-7.4", "OBR-27.4")


def order_events(context: Context) -> list[Event]:
    """The events of every order in the message.

    Raises UnknownOrderStatus, MissingAccession or MissingSegment, and then the whole message gives none.
    """
    return [event for group in order_groups(context.message) for event in _group_events(context, group)]


def step_of_order(control: str, status: str) -> type[Event]:
    """The step of ORC-1 and ORC-5. Raises UnknownOrderStatus."""
    step = STEP_OF_ORDER.get((control, status)) or STEP_OF_ORDER.get((control, _ANY))
    if step is None:
        # Codes of a table, not free text; cut, in case a sender puts something else there.
        raise UnknownOrderStatus(f"no step for ORC-1 {control[:4]!r} with ORC-5 {status[:4]!r}", "ORC-1")
    return step


def _group_events(context: Context, group: OrderGroup) -> list[Event]:
    step = step_of_order(group.value("ORC-1") or "", group.value("ORC-5") or "")
    exam = exam_of(group, context.config)
    events = [_BUILDERS[step](context, group, exam)]
    if step is OrderPlaced and _scheduled_at(context, group) is not None:
        events.append(_exam_scheduled(context, group, exam))
    return events


def _transaction_time(context: Context, group: OrderGroup) -> datetime | None:
    return context.first_time(group.segments, "ORC-9")


def _scheduled_at(context: Context, group: OrderGroup) -> datetime | None:
    return context.first_time(group.segments, *_SCHEDULED_AT)


def _order_placed(context: Context, group: OrderGroup, exam: Exam) -> Event:
    occurred_at = _transaction_time(context, group)
    return OrderPlaced(
        envelope=context.envelope(OrderPlaced, exam.exam_id, occurred_at, position=group.position),
        accession_number=exam.accession_number,
        placer_order_number=group.value("ORC-2", "OBR-2"),
        filler_order_number=group.value("ORC-3", "OBR-3"),
        study_instance_uid=group.study_instance_uid,
        modality=group.modality,
        procedure_code=group.value("OBR-4.1"),
        procedure_name=group.value("OBR-4.2"),
        priority=group.priority,
        patient_class=context.message.get("PV1-2") or None,
        location=context.message.get("PV1-3") or None,
    )


def _exam_scheduled(context: Context, group: OrderGroup, exam: Exam) -> Event:
    occurred_at = _transaction_time(context, group)
    return ExamScheduled(
        envelope=context.envelope(ExamScheduled, exam.exam_id, occurred_at, position=group.position),
        accession_number=exam.accession_number,
        study_instance_uid=group.study_instance_uid,
        scheduled_at=_scheduled_at(context, group),
        modality=group.modality,
        procedure_code=group.value("OBR-4.1"),
        procedure_name=group.value("OBR-4.2"),
        station_ae_title=group.value("IPC-9"),
    )


def _patient_arrived(context: Context, group: OrderGroup, exam: Exam) -> Event:
    occurred_at = _transaction_time(context, group)
    return PatientArrived(
        envelope=context.envelope(PatientArrived, exam.exam_id, occurred_at, position=group.position),
        accession_number=exam.accession_number,
    )


def _acquisition_started(context: Context, group: OrderGroup, exam: Exam) -> Event:
    occurred_at = context.first_time(group.segments, "OBR-7", "ORC-9")
    return AcquisitionStarted(
        envelope=context.envelope(AcquisitionStarted, exam.exam_id, occurred_at, position=group.position),
        accession_number=exam.accession_number,
        study_instance_uid=group.study_instance_uid,
        modality=group.modality,
        station_ae_title=group.value("IPC-9"),
    )


def _acquisition_completed(context: Context, group: OrderGroup, exam: Exam) -> Event:
    occurred_at = context.first_time(group.segments, "OBR-8", "ORC-9")
    return AcquisitionCompleted(
        envelope=context.envelope(AcquisitionCompleted, exam.exam_id, occurred_at, position=group.position),
        accession_number=exam.accession_number,
        study_instance_uid=group.study_instance_uid,
        modality=group.modality,
        station_ae_title=group.value("IPC-9"),
    )


def _order_cancelled(context: Context, group: OrderGroup, exam: Exam) -> Event:
    occurred_at = _transaction_time(context, group)
    return OrderCancelled(
        envelope=context.envelope(OrderCancelled, exam.exam_id, occurred_at, position=group.position),
        accession_number=exam.accession_number,
        reason=group.value("ORC-16"),
    )


def _acquisition_discontinued(context: Context, group: OrderGroup, exam: Exam) -> Event:
    occurred_at = _transaction_time(context, group)
    return AcquisitionDiscontinued(
        envelope=context.envelope(
            AcquisitionDiscontinued, exam.exam_id, occurred_at, position=group.position
        ),
        accession_number=exam.accession_number,
        reason=group.value("ORC-16"),
    )


_BUILDERS: Mapping[type[Event], Callable[[Context, OrderGroup, Exam], Event]] = {
    OrderPlaced: _order_placed,
    ExamScheduled: _exam_scheduled,
    PatientArrived: _patient_arrived,
    AcquisitionStarted: _acquisition_started,
    AcquisitionCompleted: _acquisition_completed,
    OrderCancelled: _order_cancelled,
    AcquisitionDiscontinued: _acquisition_discontinued,
}
