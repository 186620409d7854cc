"""What a forecast knows of an exam: the part of its row that features are made of. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from processors.facts import Value, to_us
from processors.milestones import Milestones, stage
from processors.view import ExamView
from schemas.views import WorklistRow

PREDICTED = ("started", "study_stored", "preliminary", "final")
"""The milestones that are forecast, in the order in which an exam comes to them."""
TEXTS = (
    "accession_number",
    "modality",
    "priority",
    "patient_class",
    "procedure_code",
    "station_ae_title",
)
"""What is asked for of its attributes as they were last said, besides the appointment."""
_KEPT = (
    "ordered",
    "arrived",
    "started",
    "completed",
    "stored",
    "study_stored",
    "dictated",
    "preliminary",
    "final",
    "corrected",
    "cancelled",
)
_LOST_AFTER_US = 31 * 24 * 3_600_000_000
_OVER = frozenset({"final", "cancelled", "reconciled", "unmatched"})


class Phase(IntEnum):
    """Where an exam stands between two queues; the order is that of its way."""

    PLANNED = 0
    WAITING = 1
    SCANNED = 2
    UNREAD = 3
    DRAFTED = 4
    OVER = 5


_PHASE_OF_STAGE = {
    "ordered": Phase.PLANNED,
    "scheduled": Phase.PLANNED,
    "arrived": Phase.WAITING,
    "in_progress": Phase.SCANNED,
    "acquired": Phase.UNREAD,
    "stored": Phase.UNREAD,
    "dictated": Phase.DRAFTED,
    "preliminary": Phase.DRAFTED,
}


@dataclass(frozen=True, slots=True)
class ForecastExam:
    """One exam as it was known at an instant. Times in microseconds since the epoch, UTC.

    Texts are empty where unknown. since_us: since when it is in its phase; scheduled_us: the appointment, as
    last said.
    """

    exam_id: str
    accession_number: str
    site: str
    modality: str
    priority: str
    patient_class: str
    procedure_code: str
    station: str
    reader: str
    phase: Phase
    since_us: int | None
    scheduled_us: int | None
    reached: Mapping[str, int]

    def is_lost(self, now_us: int) -> bool:
        """Whether nothing was to happen to it for a month: nobody closed it, and nobody will."""
        known = [
            *self.reached.values(),
            *(one for one in (self.since_us, self.scheduled_us) if one is not None),
        ]
        return bool(known) and max(known) + _LOST_AFTER_US < now_us

    @property
    def coming(self) -> tuple[str, ...]:
        """Which milestones are still to come; none of an exam that is over."""
        if self.phase is Phase.OVER:
            return ()
        reached = [place for place, name in enumerate(PREDICTED) if name in self.reached]
        first = max(reached, default=-1) + 1
        if self.phase >= Phase.SCANNED:
            first = max(first, 1)
        if self.phase is Phase.DRAFTED:
            first = max(first, 2)
        return PREDICTED[first:]


def exam_of_view(view: ExamView) -> ForecastExam:
    """The same as of its row, without one."""
    name, since_us = stage(view.reached)
    if view.stands.reconciliation.into is not None:
        name = "reconciled"
    texts = {name: text for name in TEXTS if (text := view.text(name)) is not None}
    return exam_of_stage(
        view.state.exam_id,
        site=view.site,
        texts=texts,
        reader=view.noted.reader or "",
        reached=view.reached,
        stands=(name, since_us),
        scheduled_at=view.attributes.get("scheduled_at"),
    )


def exam_of_stage(
    exam_id: str,
    *,
    site: str,
    texts: Mapping[str, str],
    reader: str,
    reached: Milestones,
    stands: tuple[str, int | None],
    scheduled_at: Value | None,
) -> ForecastExam:
    """The same by what a view is made of: `texts` by the names of TEXTS, `stands` a stage and since when."""
    scheduled_us = None
    if "scheduled" in reached:
        scheduled_us = reached["scheduled"].first_us if scheduled_at is None else int(scheduled_at)
    said = texts.get
    return ForecastExam(
        exam_id,
        said("accession_number", ""),
        site,
        said("modality", ""),
        said("priority", ""),
        said("patient_class", ""),
        said("procedure_code", ""),
        said("station_ae_title", ""),
        reader,
        _phase(stands[0]),
        stands[1],
        scheduled_us,
        {name: reached[name].first_us for name in _KEPT if name in reached},
    )


def exam_of_row(row: WorklistRow) -> ForecastExam:
    """What is known of an exam by its row of `radstream.worklist.v1`."""
    at = {name: getattr(row, f"{name}_at") for name in _KEPT}
    return ForecastExam(
        exam_id=row.exam_id,
        accession_number=row.accession_number or "",
        site=row.site,
        modality=row.modality or "",
        priority=row.priority or "",
        patient_class=row.patient_class or "",
        procedure_code=row.procedure_code or "",
        station=row.station_ae_title or "",
        reader=row.reader or "",
        phase=_phase(row.stage),
        since_us=None if row.stage_since_at is None else to_us(row.stage_since_at),
        scheduled_us=None if row.scheduled_at is None else to_us(row.scheduled_at),
        reached={name: to_us(instant) for name, instant in at.items() if instant is not None},
    )


def _phase(stage_name: str) -> Phase:
    return Phase.OVER if stage_name in _OVER else _PHASE_OF_STAGE[stage_name]
