"""The turnaround view: the measured intervals of one exam, a pure function of its state."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from processors.exam_state import ExamState
from processors.milestones import Milestones, Span
from processors.view import ExamView, view_of
from schemas.codec import read_back
from schemas.drafts import ExcludedIntervalDraft, IntervalDraft, TurnaroundRowDraft
from schemas.intervals import INTERVALS
from schemas.views import TurnaroundRow

RESULTS = ("dictated", "preliminary", "final")
_SPECS = tuple((spec.name, spec.start, spec.end, spec.priority, spec.to_last) for spec in INTERVALS)


def turnaround_row(state: ExamState) -> TurnaroundRow:
    """The row of an exam with at least one fact."""
    return turnaround_row_of(view_of(state))


def turnaround_row_of(view: ExamView) -> TurnaroundRow:
    """The same, of a view that is there already."""
    row: TurnaroundRow = read_back(turnaround_draft(view))
    return row


def turnaround_draft(view: ExamView) -> TurnaroundRowDraft:
    """The same on its way to bytes."""
    draft, text = TurnaroundRowDraft(), view.text
    draft.exam_id = view.state.exam_id
    draft.accession_number = text("accession_number")
    draft.site = view.site
    draft.patient_key = view.stands.subject.patient_key
    draft.modality = text("modality")
    draft.procedure_code = text("procedure_code")
    draft.procedure_name = text("procedure_name")
    draft.priority = text("priority")
    draft.patient_class = text("patient_class")
    draft.location = text("location")
    draft.event_count = len(view.state.facts)
    draft.last_recorded_at = view.last_recorded_us
    draft.clock_faults = tuple(view.faults)
    draft.station_ae_title = text("station_ae_title")
    draft.reader = view.noted.reader
    _set_intervals(draft, view)
    return draft


def _set_intervals(draft: TurnaroundRowDraft, view: ExamView) -> None:
    """The intervals whose two ends are known: those that are measured, and those that cannot be."""
    draft.intervals, draft.excluded = [], []
    for name, start_us, end_us, is_doubtful in _known(view):
        if is_doubtful or end_us < start_us:
            draft.excluded.append(_excluded(name, start_us, end_us, is_doubtful=is_doubtful))
        else:
            draft.intervals.append(_measured(name, start_us, end_us))


def _measured(name: str, start_us: int, end_us: int) -> IntervalDraft:
    interval = IntervalDraft()
    interval.name = name
    interval.start_at = start_us
    interval.end_at = end_us
    interval.seconds = (end_us - start_us) / 1_000_000
    return interval


def _excluded(name: str, start_us: int, end_us: int, *, is_doubtful: bool) -> ExcludedIntervalDraft:
    interval = ExcludedIntervalDraft()
    interval.name = name
    interval.reason = "clock_fault" if is_doubtful else "end_before_start"
    interval.start_at = start_us
    interval.end_at = end_us
    return interval


def _known(view: ExamView) -> Iterator[tuple[str, int, int, bool]]:
    """Name, start, end, and whether one of them is doubtful."""
    doubtful = {name for names in view.faults.values() for name in names}
    reached, doubts = _with_result(view.reached, doubtful)
    said = view.text("priority")
    for name, start, end, priority, to_last in _SPECS:
        if start in reached and end in reached and (priority is None or priority == said):
            span = reached[end]
            end_us = span.last_us if to_last else span.first_us
            yield name, reached[start].first_us, end_us, start in doubts or end in doubts


def _with_result(reached: Milestones, doubtful: Collection[str]) -> tuple[Milestones, Collection[str]]:
    """With the milestone `result`, the first that could be read of the exam."""
    said = [(reached[name].first_us, reached[name].last_us, name) for name in RESULTS if name in reached]
    if not said:
        return reached, doubtful
    first_us, last_us, name = min(said)
    doubts = {*doubtful, "result"} if name in doubtful else doubtful
    return {**reached, "result": Span(first_us, last_us)}, doubts
