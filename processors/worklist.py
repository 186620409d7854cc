"""The worklist view: one row per exam, a pure function of its state."""

from __future__ import annotations

from datetime import datetime

from processors.exam_state import ExamState, KnownPhi, Rebuild
from processors.facts import Value, from_us
from processors.milestones import MILESTONE_OF_STEP, stage
from processors.next_actor import next_actor
from processors.remarks import remarks
from processors.report_versions import report_versions
from processors.view import ExamView, view_of
from schemas.views import WorklistRow

# Milestones that have a field of their own.
_SHOWN = tuple(name for name in set(MILESTONE_OF_STEP.values()) if f"{name}_at" in WorklistRow.__slots__)


def _instant(microseconds: Value | None) -> datetime | None:
    return None if microseconds is None else from_us(int(microseconds))


def worklist_row(state: ExamState) -> WorklistRow:
    """The row of an exam with at least one fact."""
    return worklist_row_of(view_of(state))


def worklist_row_of(view: ExamView) -> WorklistRow:
    """The same, of a view that is there already."""
    state, stands, reached, attributes = view.state, view.stands, view.reached, view.attributes
    name, since = stage(reached)
    reconciled, images = stands.reconciliation, stands.images
    noted, report = remarks(stands.own), report_versions(stands.own)
    actor = next_actor(name, since, stands, reached, noted)
    phi = _phi(view)
    at = {f"{name}_at": from_us(reached[name].first_us) for name in _SHOWN if name in reached}
    if "scheduled" in reached and "scheduled_at" in attributes:
        at["scheduled_at"] = from_us(int(attributes["scheduled_at"]))
    return WorklistRow(
        exam_id=state.exam_id,
        accession_number=view.text("accession_number"),
        site=view.site,
        patient_key=stands.subject.patient_key,
        modality=view.text("modality"),
        procedure_code=view.text("procedure_code"),
        procedure_name=view.text("procedure_name"),
        priority=view.text("priority"),
        patient_class=view.text("patient_class"),
        location=view.text("location"),
        study_instance_uid=view.text("study_instance_uid"),
        phi=None if phi is None else phi.sealed,
        phi_event_id=None if phi is None else phi.event_id,
        stage=name if reconciled.into is None else "reconciled",
        stage_since_at=_instant(since),
        series_count=images.series,
        instance_count=images.present,
        unmatched=name == "unmatched" and reconciled.into is None,
        event_count=len(state.facts),
        last_occurred_at=from_us(view.last_occurred_us),
        last_recorded_at=from_us(view.last_recorded_us),
        reconciled_into=reconciled.into,
        reconciled_from_count=len(reconciled.images),
        unreconciled=reconciled.unreconciled,
        patient_mismatch=stands.subject.mismatch,
        accession_reused=stands.subject.is_accession_reused,
        patient_erased_at=_instant(stands.subject.erased_us),
        station_ae_title=view.text("station_ae_title"),
        next_actor=actor.who,
        next_actor_since_at=_instant(actor.since_us),
        images_expected=images.expected,
        images_complete=images.is_complete,
        critical_category=noted.critical_category,
        first_priority=noted.first_priority,
        priority_changed_at=_instant(noted.priority_changed_us),
        held_since_at=_instant(noted.held_us),
        delay_code=noted.delay_code,
        delayed_at=_instant(noted.delayed_us),
        analysis_status=noted.analysis_status,
        finding_present=noted.finding_present,
        room=noted.room,
        technologist=noted.technologist,
        assigned_reader=noted.assigned_reader,
        reader=noted.reader,
        report_status=None if report is None else report.status,
        report_count=None if report is None else report.count,
        report_first_event_id=None if report is None else report.first,
        report_last_event_id=None if report is None else report.last,
        clock_faults=tuple(view.faults),
        rebuild_reason=None if state.rebuild is Rebuild.NOT_NEEDED else state.rebuild.name.lower(),
        **at,
    )


def _phi(view: ExamView) -> KnownPhi | None:
    """What names the row's patient, by any key of that person: never another one's name."""
    subject = view.stands.subject
    found = [
        phi
        for key, phi in view.state.phi.items()
        if phi.event_id not in view.stands.retracted
        and subject.patient_key in (None, subject.persons.survivor(key))
    ]
    return max(found, key=KnownPhi.order, default=None)
