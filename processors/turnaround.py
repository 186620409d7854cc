"""The turnaround view: the measured intervals of one exam, a pure function of its state."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from processors.exam_state import ExamState
from processors.facts import from_us
from processors.milestones import Milestones, Span
from processors.remarks import reader_of
from processors.view import ExamView, view_of
from schemas.intervals import INTERVALS, IntervalSpec
from schemas.parts import ExcludedInterval, Interval
from schemas.views import TurnaroundRow

_RESULTS = ("dictated", "preliminary", "final")


def turnaround_row(state: ExamState) -> TurnaroundRow:
    """The row of an exam with at least one fact."""
    return turnaround_row_of(view_of(state))


def turnaround_row_of(view: ExamView) -> TurnaroundRow:
    """The same, of a view that is there already."""
    state = view.state
    measured, excluded = _sorted(view, {name for doubtful in view.faults.values() for name in doubtful})
    return TurnaroundRow(
        exam_id=state.exam_id,
        accession_number=view.text("accession_number"),
        site=view.site,
        patient_key=view.stands.subject.patient_key,
        modality=view.text("modality"),
        procedure_code=view.text("procedure_code"),
        procedure_name=view.text("procedure_name"),
        priority=view.text("priority"),
        patient_class=view.text("patient_class"),
        location=view.text("location"),
        intervals=tuple(measured),
        event_count=len(state.facts),
        last_recorded_at=from_us(view.last_recorded_us),
        excluded=tuple(excluded),
        clock_faults=tuple(view.faults),
        station_ae_title=view.text("station_ae_title"),
        reader=reader_of(view.stands.own),
    )


def _sorted(view: ExamView, doubtful: Collection[str]) -> tuple[list[Interval], list[ExcludedInterval]]:
    """The intervals whose two ends are known: those that are measured, and those that cannot be."""
    measured: list[Interval] = []
    excluded: list[ExcludedInterval] = []
    for spec, start_us, end_us, is_doubtful in _known(view, doubtful):
        start_at, end_at = from_us(start_us), from_us(end_us)
        if is_doubtful or end_us < start_us:
            reason = "clock_fault" if is_doubtful else "end_before_start"
            excluded.append(ExcludedInterval(name=spec.name, reason=reason, start_at=start_at, end_at=end_at))
        else:
            seconds = (end_us - start_us) / 1_000_000
            measured.append(Interval(name=spec.name, start_at=start_at, end_at=end_at, seconds=seconds))
    return measured, excluded


def _known(view: ExamView, doubtful: Collection[str]) -> Iterator[tuple[IntervalSpec, int, int, bool]]:
    reached, doubts = _with_result(view.reached, doubtful)
    priority = view.text("priority")
    for spec in INTERVALS:
        start, end = reached.get(spec.start), reached.get(spec.end)
        if start is not None and end is not None and spec.priority in (None, priority):
            end_us = end.last_us if spec.to_last else end.first_us
            yield spec, start.first_us, end_us, spec.start in doubts or spec.end in doubts


def _with_result(reached: Milestones, doubtful: Collection[str]) -> tuple[Milestones, Collection[str]]:
    """With the milestone `result`, the first that could be read of the exam."""
    said = [(reached[name].first_us, reached[name].last_us, name) for name in _RESULTS if name in reached]
    if not said:
        return reached, doubtful
    first_us, last_us, name = min(said)
    doubts = {*doubtful, "result"} if name in doubtful else doubtful
    return {**reached, "result": Span(first_us, last_us)}, doubts
