"""Reconciling by hand: what a person decided about two exams, as events. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from schemas.events import Event, ExamReconciled, ExamUnreconciled
from schemas.identity import event_id
from schemas.parts import Envelope, Source

ORIGIN = "radstream"


class ReconciliationRefused(Exception):
    """It cannot be done so; the message says why. command: what to do first at the command line."""

    def __init__(self, why: str, *, command: str = "") -> None:
        """`why` alone is enough to understand it."""
        super().__init__(why)
        self.command = command


@dataclass(frozen=True, slots=True)
class ExamAsItStands:
    """What the worklist has of an exam. reconciled_into: where its images belong, empty if here."""

    exam_id: str
    site: str
    study_instance_uid: str
    reconciled_into: str
    reconciled_from_count: int


@dataclass(frozen=True, slots=True)
class Decision:
    """`by`, a pseudonym, says at `decided_at` that the events of one exam_id belong to another, or do not."""

    exam: ExamAsItStands
    into: ExamAsItStands
    by: str
    decided_at: datetime
    undo: bool = False


def named(exam: str, found: Sequence[ExamAsItStands]) -> ExamAsItStands:
    """The one exam that `exam` names. Raises ReconciliationRefused where it is none, or several."""
    exact = [standing for standing in found if standing.exam_id == exam] or list(found)
    if not exact:
        raise ReconciliationRefused(f"no exam {exam!r} is known: the dashboard lists those that are")
    if len(exact) > 1:
        ids = ", ".join(sorted(standing.exam_id for standing in exact))
        raise ReconciliationRefused(f"{exam!r} is the accession number of several exams: name one of {ids}")
    return exact[0]


def require_possible(decision: Decision) -> None:
    """Raises ReconciliationRefused where the decision makes no sense as the exams stand."""
    exam, into = decision.exam, decision.into
    if exam.exam_id == into.exam_id:
        raise ReconciliationRefused("an exam is not reconciled into itself: name two")
    if decision.undo:
        if exam.reconciled_into != into.exam_id:
            where = exam.reconciled_into or "on its own"
            raise ReconciliationRefused(
                f"{exam.exam_id} is not reconciled into {into.exam_id}: it is {where}"
            )
        return
    if exam.reconciled_into:
        raise ReconciliationRefused(
            f"{exam.exam_id} is reconciled into {exam.reconciled_into} already; take that back first",
            command=f"radstream reconcile --undo {exam.exam_id!r} {exam.reconciled_into!r}",
        )
    if exam.reconciled_from_count:
        raise ReconciliationRefused(
            f"other exams are reconciled into {exam.exam_id}: reconcile those into {into.exam_id} instead"
        )
    if into.reconciled_into:
        raise ReconciliationRefused(
            f"{into.exam_id} is itself reconciled into {into.reconciled_into}: name that one"
        )


def events_of(decision: Decision) -> list[Event]:
    """The decision, said under both exam_ids."""
    return [_said(decision, exam) for exam in (decision.exam, decision.into)]


def _said(decision: Decision, under: ExamAsItStands) -> Event:
    if decision.undo:
        return ExamUnreconciled(
            envelope=_envelope(decision, under, ExamUnreconciled),
            from_exam_id=decision.exam.exam_id,
            into_exam_id=decision.into.exam_id,
            unreconciled_by=decision.by,
        )
    return ExamReconciled(
        envelope=_envelope(decision, under, ExamReconciled),
        from_exam_id=decision.exam.exam_id,
        into_exam_id=decision.into.exam_id,
        study_instance_uid=decision.exam.study_instance_uid or None,
        reconciled_by=decision.by,
    )


def _envelope(decision: Decision, under: ExamAsItStands, cls: type[Event]) -> Envelope:
    at = decision.decided_at.isoformat()
    pair = decision.exam.exam_id, decision.into.exam_id
    return Envelope(
        event_id=event_id(ORIGIN, cls.__name__, *pair, decision.by, at, under.exam_id),
        exam_id=under.exam_id,
        occurred_at=decision.decided_at,
        recorded_at=decision.decided_at,
        source=Source(system=ORIGIN, facility=under.site, protocol=ORIGIN),
        source_message_id=event_id(ORIGIN, cls.__name__, *pair, decision.by, at),
        site=under.site,
        swim_code=cls.SWIM_CODE,
    )
