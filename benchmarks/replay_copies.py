"""Events of other exams, made from those of a department-year by changing their ids in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID
from zlib import crc32

from schemas.events import (
    AcquisitionStarted,
    Event,
    ExamReconciled,
    FinalReportPublished,
    OrderCancelled,
    PatientArrived,
    PatientMerged,
    ReportCancelled,
    SeriesStored,
)
from sinks.archive.record import ArchivedMessage, Header

_ISSUER = b"GENERAL|"
_NOT_PLAIN_ONE_IN = 50
_ID = slice(6, 42)  # behind the wire format's header and the id's length
_MINUTE = timedelta(minutes=1)


def copied(message: ArchivedMessage, copy: int) -> ArchivedMessage:
    """The same of another issuer's exam."""
    value, key = message.value or b"", message.key or b""
    if copy == 0:
        return message
    event_id = value[_ID]
    other_id, issuer = _other_id(event_id.decode(), copy).encode(), _issuer(copy)
    other = value[: _ID.start] + other_id + value[_ID.stop :].replace(_ISSUER, issuer)
    changed: tuple[Header, ...] = tuple(
        (name, (content or b"").replace(event_id, other_id).replace(_ISSUER, issuer))
        for name, content in message.headers
    )
    return message._replace(key=key.replace(_ISSUER, issuer), value=other, headers=changed)


def _issuer(copy: int) -> bytes:
    return _ISSUER if copy == 0 else b"GENER%02d|" % copy


def _other_id(event_id: str, copy: int) -> str:
    return str(UUID(int=UUID(event_id).int ^ copy << 120))


def _not_plain(event: Event, copy: int) -> Sequence[Event]:
    """What follows the report of some exams, for the copy of an exam."""
    kind = crc32(event.envelope.exam_id.encode()) % (_NOT_PLAIN_ONE_IN * 8)
    if not isinstance(event, FinalReportPublished) or kind >= 8:
        return ()
    envelope = replace(
        event.envelope,
        exam_id=event.envelope.exam_id.replace(_ISSUER.decode(), _issuer(copy).decode()),
        event_id=_other_id(event.envelope.event_id, copy),
        phi=None,
    )
    return _cases(replace(event, envelope=envelope))[kind]


def _cases(report: FinalReportPublished) -> Sequence[Sequence[Event]]:
    said = partial(_said_after, report)
    envelope = report.envelope
    return (
        [replace(report, envelope=replace(envelope, recorded_at=envelope.recorded_at + _MINUTE))],
        [said(FinalReportPublished, 30, corrects=envelope.event_id)],
        [said(ReportCancelled, 10), said(FinalReportPublished, 45)],
        [
            said(
                ExamReconciled,
                5,
                from_exam_id=f"GENERAL|study|1.2.3.{envelope.event_id[:6]}",
                into_exam_id=envelope.exam_id,
                first_image_at=envelope.occurred_at - 300 * _MINUTE,
                stored_at=envelope.occurred_at - 290 * _MINUTE,
                instance_count=7,
            )
        ],
        [
            said(
                PatientMerged,
                60,
                merged_patient_key=envelope.patient_key or "a" * 64,
                surviving_patient_key="b" * 64,
            )
        ],
        [said(PatientArrived, 5, ahead=30 * 365 * 24 * 60)],
        [said(OrderCancelled, 5), said(AcquisitionStarted, 20)],
        [said(SeriesStored, 15, series_instance_uid="1", instance_count=99, size_bytes=1, completed_by="-")],
    )


def _said_after(
    report: FinalReportPublished,
    cls: Callable[..., Event],
    minutes: int,
    *,
    ahead: int = 0,
    corrects: str | None = None,
    **fields: object,
) -> Event:
    """An event so many minutes after the report; `ahead`: minutes by which its clock is wrong."""
    envelope = report.envelope
    moved = replace(
        envelope,
        event_id=str(UUID(int=UUID(envelope.event_id).int ^ minutes)),
        occurred_at=envelope.occurred_at + (minutes + ahead) * _MINUTE,
        recorded_at=envelope.recorded_at + minutes * _MINUTE,
        corrects=corrects,
    )
    return cls(envelope=moved, **fields)
