"""Alerts as rows of their topic. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from processors.alerts.judging import Judged, State
from processors.alerts.known_exam import KnownExam
from processors.facts import from_us, to_us
from schemas.views import AlertRow, DueRow

Said = TypeVar("Said", AlertRow, DueRow)
_MISSED = frozenset({State.BREACHED, State.RESOLVED})


def alert_row(exam: KnownExam, judged: Judged, now_us: int) -> AlertRow:
    """The alert as it stands at `now_us`."""
    state = judged.state(now_us)
    return AlertRow(
        alert_id=judged.alert_id,
        exam_id=exam.exam_id,
        accession_number=exam.accession_number,
        site=exam.site,
        modality=exam.modality,
        procedure_name=exam.procedure_name,
        priority=exam.priority,
        patient_class=exam.patient_class,
        location=exam.location,
        interval=judged.interval,
        state=state,
        start_at=from_us(judged.start_us),
        warn_at=from_us(judged.warn_us),
        due_at=from_us(judged.due_us),
        breached_at=from_us(judged.due_us) if state in _MISSED else None,
        closed_at=_instant(judged.closed_us),
        closed_by=judged.closed_by,
        targets_sha256=judged.targets_sha256,
        due_s=(judged.due_us - judged.start_us) // 1_000_000,
        said_at=from_us(now_us),
    )


def withdrawn(row: AlertRow, now_us: int) -> AlertRow:
    """The alert is not judged any more: it was by mistake, or by other targets now."""
    return replace(
        row, state=State.WITHDRAWN, breached_at=None, warning_came_true=None, said_at=from_us(now_us)
    )


def due_row(exam: KnownExam, judged: Iterable[Judged], now_us: int) -> DueRow | None:
    """What of the exam is due first; None where nothing is under way that has a target."""
    under_way = [one for one in judged if one.closed_us is None]
    if not under_way:
        return None
    first = min(under_way, key=lambda one: (one.due_us, one.interval))
    return DueRow(
        exam_id=exam.exam_id,
        accession_number=exam.accession_number,
        site=exam.site,
        interval=first.interval,
        start_at=from_us(first.start_us),
        warn_at=from_us(first.warn_us),
        due_at=from_us(first.due_us),
        targets_sha256=first.targets_sha256,
        due_s=(first.due_us - first.start_us) // 1_000_000,
        said_at=from_us(now_us),
    )


def says_the_same(row: Said, other: Said) -> bool:
    """Whether there is no reason to say `other` after `row`."""
    return replace(other, said_at=row.said_at) == row


def over_us(row: AlertRow) -> int:
    """When the alert was closed, or else due."""
    return to_us(row.closed_at or row.due_at)


def _instant(microseconds: int | None) -> datetime | None:
    return None if microseconds is None else from_us(microseconds)
