"""The turnaround view: the measured intervals of one exam, a pure function of its state."""

from __future__ import annotations

from dataclasses import dataclass

from processors.exam_state import ExamState
from processors.facts import from_us
from processors.milestones import Milestones
from processors.view import ExamView, view_of
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
    ends = (
        (spec, reached[spec.start].first_us, reached[spec.end].first_us)
        for spec in INTERVALS
        if {spec.start, spec.end} <= reached.keys()
    )
    return tuple(
        Interval(
            name=spec.name, start_at=from_us(start), end_at=from_us(end), seconds=(end - start) / 1_000_000
        )
        for spec, start, end in ends
        if start <= end
    )


def turnaround_row(state: ExamState) -> TurnaroundRow:
    """The row of an exam with at least one fact."""
    return turnaround_row_of(view_of(state))


def turnaround_row_of(view: ExamView) -> TurnaroundRow:
    """The same, of a view that is there already."""
    state = view.state
    return TurnaroundRow(
        exam_id=state.exam_id,
        accession_number=view.text("accession_number"),
        site=view.site,
        patient_key=view.stands.patient_key,
        modality=view.text("modality"),
        procedure_code=view.text("procedure_code"),
        procedure_name=view.text("procedure_name"),
        priority=view.text("priority"),
        patient_class=view.text("patient_class"),
        location=view.text("location"),
        intervals=intervals(view.reached),
        event_count=len(state.facts),
        last_recorded_at=from_us(max(fact.recorded_us for fact in state.facts.values())),
    )
