"""The turnaround view: the measured intervals of one exam, a pure function of its state."""

from __future__ import annotations

from dataclasses import dataclass

from processors.exam_state import ExamState, from_us
from processors.milestones import Milestones, milestones
from processors.standing import standing
from processors.worklist import latest_attributes, site_of, text
from schemas.parts import Interval
from schemas.views import TurnaroundRow


@dataclass(frozen=True, slots=True)
class IntervalSpec:
    """A named interval: from the first `start` to the first `end` milestone."""

    name: str
    start: str
    end: str
    swim_code: str | None
    meaning: str


INTERVALS = (
    IntervalSpec("order_to_start", "ordered", "started", None, "Order placed to acquisition started"),
    IntervalSpec("arrival_to_start", "arrived", "started", "RID45979", "PatientWait"),
    IntervalSpec("acquisition", "started", "completed", "RID45981", "AcquisitionDuration"),
    IntervalSpec("completion_to_stored", "completed", "stored", "RID45983", "ModalityToPACSTransferTime"),
    IntervalSpec("completion_to_preliminary", "completed", "preliminary", None, "To the preliminary report"),
    IntervalSpec("report_turnaround", "completed", "final", "RID45976", "ReportTurnAroundTime"),
    IntervalSpec("order_to_final", "ordered", "final", None, "Order placed to final report"),
)


def intervals(reached: Milestones) -> tuple[Interval, ...]:
    """Every interval whose two ends are known and in order.

    An end before its start is a clock fault or a missing step (a final report before completion is
    seen in real feeds), never a negative duration.
    """
    return tuple(
        Interval(
            name=spec.name,
            start_at=from_us(reached[spec.start]),
            end_at=from_us(reached[spec.end]),
            seconds=(reached[spec.end] - reached[spec.start]) / 1_000_000,
        )
        for spec in INTERVALS
        if spec.start in reached and spec.end in reached and reached[spec.start] <= reached[spec.end]
    )


def turnaround_row(state: ExamState) -> TurnaroundRow:
    """The row of an exam with at least one fact."""
    stands = standing(state)
    attributes = latest_attributes(stands)
    return TurnaroundRow(
        exam_id=state.exam_id,
        accession_number=text(attributes, "accession_number"),
        site=site_of(state),
        patient_key=stands.patient_key,
        modality=text(attributes, "modality"),
        procedure_code=text(attributes, "procedure_code"),
        procedure_name=text(attributes, "procedure_name"),
        priority=text(attributes, "priority"),
        patient_class=text(attributes, "patient_class"),
        location=text(attributes, "location"),
        intervals=intervals(milestones(stands)),
        event_count=len(state.facts),
        last_recorded_at=from_us(max(fact.recorded_us for fact in state.facts.values())),
    )
