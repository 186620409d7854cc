"""The worklist view: one row per exam, a pure function of its state."""

from __future__ import annotations

from processors.exam_state import ExamState, KnownPhi, Rebuild
from processors.milestones import stage
from processors.next_actor import next_actor
from processors.remarks import Remarks
from processors.report_versions import report_versions
from processors.view import ExamView, view_of
from schemas.codec import read_back
from schemas.drafts import WorklistRowDraft
from schemas.views import WorklistRow


def worklist_row(state: ExamState) -> WorklistRow:
    """The row of an exam with at least one fact."""
    return worklist_row_of(view_of(state))


def worklist_row_of(view: ExamView) -> WorklistRow:
    """The same, of a view that is there already."""
    row: WorklistRow = read_back(worklist_draft(view))
    return row


def worklist_draft(view: ExamView) -> WorklistRowDraft:
    """The same on its way to bytes."""
    draft = WorklistRowDraft()
    _set_exam(draft, view)
    _set_patient(draft, view)
    _set_stage(draft, view)
    _set_milestones(draft, view)
    _set_images(draft, view)
    _set_remarks(draft, view.noted)
    _set_report(draft, view)
    draft.clock_faults = tuple(view.faults)
    rebuild = view.state.rebuild
    draft.rebuild_reason = None if rebuild is Rebuild.NOT_NEEDED else rebuild.name.lower()
    return draft


def _set_exam(draft: WorklistRowDraft, view: ExamView) -> None:
    text = view.text
    draft.exam_id = view.state.exam_id
    draft.site = view.site
    draft.accession_number = text("accession_number")
    draft.modality = text("modality")
    draft.procedure_code = text("procedure_code")
    draft.procedure_name = text("procedure_name")
    draft.priority = text("priority")
    draft.patient_class = text("patient_class")
    draft.location = text("location")
    draft.study_instance_uid = text("study_instance_uid")
    draft.station_ae_title = text("station_ae_title")
    draft.event_count = len(view.state.facts)
    draft.last_occurred_at = view.last_occurred_us
    draft.last_recorded_at = view.last_recorded_us


def _set_patient(draft: WorklistRowDraft, view: ExamView) -> None:
    subject, phi = view.stands.subject, _phi(view)
    draft.patient_key = subject.patient_key
    draft.phi = None if phi is None else phi.sealed
    draft.phi_event_id = None if phi is None else phi.event_id
    draft.patient_mismatch = subject.mismatch
    draft.accession_reused = subject.is_accession_reused
    draft.patient_erased_at = subject.erased_us


def _set_stage(draft: WorklistRowDraft, view: ExamView) -> None:
    name, since_us = stage(view.reached)
    into = view.stands.reconciliation.into
    draft.stage = name if into is None else "reconciled"
    draft.stage_since_at = since_us
    draft.unmatched = name == "unmatched" and into is None
    actor = next_actor(name, since_us, view.stands, view.reached, view.noted)
    draft.next_actor = actor.who
    draft.next_actor_since_at = actor.since_us


def _set_milestones(draft: WorklistRowDraft, view: ExamView) -> None:
    """When each was reached first."""
    first_us = {name: span.first_us for name, span in view.reached.items()}.get
    draft.ordered_at = first_us("ordered")
    draft.protocolled_at = first_us("protocolled")
    draft.scheduled_at = first_us("scheduled")
    if draft.scheduled_at is not None and "scheduled_at" in view.attributes:
        draft.scheduled_at = int(view.attributes["scheduled_at"])
    draft.arrived_at = first_us("arrived")
    draft.prepared_at = first_us("prepared")
    draft.started_at = first_us("started")
    draft.completed_at = first_us("completed")
    draft.first_image_at = first_us("first_image")
    draft.stored_at = first_us("stored")
    draft.study_stored_at = first_us("study_stored")
    draft.opened_at = first_us("opened")
    draft.interpretation_started_at = first_us("interpretation_started")
    draft.dictated_at = first_us("dictated")
    draft.preliminary_at = first_us("preliminary")
    draft.final_at = first_us("final")
    draft.corrected_at = first_us("corrected")
    draft.cancelled_at = first_us("cancelled")
    draft.critical_notified_at = first_us("critical_notified")
    draft.critical_acknowledged_at = first_us("critical_acknowledged")


def _set_images(draft: WorklistRowDraft, view: ExamView) -> None:
    images, reconciled = view.stands.images, view.stands.reconciliation
    draft.series_count = images.series
    draft.instance_count = images.present
    draft.images_expected = images.expected
    draft.images_complete = images.is_complete
    draft.reconciled_into = reconciled.into
    draft.reconciled_from_count = len(reconciled.images)
    draft.unreconciled = reconciled.unreconciled


def _set_remarks(draft: WorklistRowDraft, noted: Remarks) -> None:
    draft.critical_category = noted.critical_category
    draft.first_priority = noted.first_priority
    draft.priority_changed_at = noted.priority_changed_us
    draft.held_since_at = noted.held_us
    draft.delay_code = noted.delay_code
    draft.delayed_at = noted.delayed_us
    draft.analysis_status = noted.analysis_status
    draft.finding_present = noted.finding_present
    draft.room = noted.room
    draft.technologist = noted.technologist
    draft.assigned_reader = noted.assigned_reader
    draft.reader = noted.reader


def _set_report(draft: WorklistRowDraft, view: ExamView) -> None:
    report = report_versions(view.stands.own)
    draft.report_status = None if report is None else report.status
    draft.report_count = None if report is None else report.count
    draft.report_first_event_id = None if report is None else report.first
    draft.report_last_event_id = None if report is None else report.last


def _phi(view: ExamView) -> KnownPhi | None:
    """What names the row's patient, by any key of that person: never another one's name."""
    subject = view.stands.subject
    found = [
        phi
        for key, phi in view.state.phi.items()
        if phi.event_id not in view.stands.retracted
        and subject.patient_key in (None, subject.persons.survivor(key))
    ]
    return max(found, key=KnownPhi.order, default=None) if len(found) != 1 else found[0]
