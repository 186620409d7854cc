"""What the alerts know of an exam: the part of its row that targets are judged by. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from processors.facts import to_us
from schemas.views import WorklistRow

_SUFFIX = "_at"
_NO_MILESTONES = frozenset(
    {
        "stage_since_at",
        "last_occurred_at",
        "last_recorded_at",
        "patient_erased_at",
        "next_actor_since_at",
        "priority_changed_at",
        "held_since_at",
        "delayed_at",
    }
)
_COLUMNS = tuple(
    name for name in WorklistRow.__slots__ if name.endswith(_SUFFIX) and name not in _NO_MILESTONES
)


@dataclass(frozen=True, slots=True)
class KnownExam:
    """One exam as its row had it. Times in microseconds since the epoch, UTC.

    place: orders the rows of one exam; the greatest is what is known. cancelled_us: when it was called off,
    if that is how it stands. is_elsewhere: its events belong to another exam.
    """

    exam_id: str
    place: tuple[int, int, int]
    accession_number: str | None
    site: str
    modality: str | None
    procedure_name: str | None
    priority: str | None
    patient_class: str | None
    location: str | None
    reached: Mapping[str, int]
    cancelled_us: int | None
    is_elsewhere: bool
    last_us: int


def known_exam(row: WorklistRow, offset: int) -> KnownExam:
    """What is known by `row`, which stood at `offset` of its partition.

    A state only grows, so the row of more events is the later one, whenever it comes; rows of the same events
    were made by two versions of the fold.
    """
    reached = {name.removesuffix(_SUFFIX): _us(getattr(row, name)) for name in _COLUMNS}
    known = {name: instant for name, instant in reached.items() if instant is not None}
    return KnownExam(
        exam_id=row.exam_id,
        place=(row.event_count, to_us(row.last_recorded_at), offset),
        accession_number=row.accession_number,
        site=row.site,
        modality=row.modality,
        procedure_name=row.procedure_name,
        priority=row.priority,
        patient_class=row.patient_class,
        location=row.location,
        reached=known,
        cancelled_us=known.get("cancelled") if row.stage == "cancelled" else None,
        is_elsewhere=row.reconciled_into is not None,
        last_us=to_us(row.last_occurred_at),
    )


def _us(instant: datetime | None) -> int | None:
    return None if instant is None else to_us(instant)
