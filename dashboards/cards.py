"""Rows as the pages get them: small, with the patient's name where it may be shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dashboards.board import since
from dashboards.forecasts import card_fields, still_coming
from dashboards.patients import Patients, Who, display_name, pseudonym
from schemas.intervals import BY_NAME
from schemas.views import DueRow, PredictionRow, WorklistRow

Json = dict[str, Any]

_MILESTONES = (
    "ordered_at",
    "scheduled_at",
    "arrived_at",
    "started_at",
    "completed_at",
    "first_image_at",
    "stored_at",
    "dictated_at",
    "preliminary_at",
    "final_at",
    "corrected_at",
    "cancelled_at",
)

# What only some exams have.
_DETAILS = (
    "next_actor_since_at",
    "study_stored_at",
    "critical_category",
    "critical_notified_at",
    "critical_acknowledged_at",
    "first_priority",
    "priority_changed_at",
    "held_since_at",
    "delay_code",
    "analysis_status",
    "finding_present",
    "room",
    "reader",
    "report_status",
)
_DOUBTS = (
    ("unmatched", "unmatched"),
    ("patient_mismatch", "mismatch"),
    ("accession_reused", "reused"),
    ("patient_erased_at", "erased"),
    ("clock_faults", "clock"),
    ("rebuild_reason", "rebuild"),
)
_FLAGS: tuple[tuple[str, Callable[[WorklistRow], object]], ...] = (
    ("critical", lambda row: row.critical_category and row.critical_acknowledged_at is None),
    ("finding", lambda row: row.finding_present and row.final_at is None),
    ("held", lambda row: row.held_since_at),
    ("delayed", lambda row: row.delay_code),
    ("late_images", lambda row: row.images_complete is False),
    ("reconciled", lambda row: row.reconciled_from_count),
)


def flags(row: WorklistRow) -> list[str]:
    """What sets the exam apart from others without being wrong, by the short names of `_FLAGS`."""
    return [flag for flag, holds in _FLAGS if holds(row)]


def doubts(row: WorklistRow) -> list[str]:
    """What someone ought to know before trusting the exam, by the short names of `_DOUBTS`."""
    return [doubt for name, doubt in _DOUBTS if getattr(row, name)]


def card(
    row: WorklistRow,
    patients: Patients,
    due: DueRow | None = None,
    forecasts: Mapping[str, PredictionRow] | None = None,
) -> Json:
    """What the board and the worklist show of an exam; fields without a value are left out.

    `due`: what the exam has to reach next, where that has a target. `forecasts`: by milestone to come.
    """
    who = patients.who(row)
    fields: Json = {
        "exam_id": row.exam_id,
        "accession": row.accession_number,
        "site": row.site,
        "stage": row.stage,
        "since": since(row),
        "modality": row.modality,
        "procedure": row.procedure_name or row.procedure_code,
        "priority": row.priority,
        "patient_class": row.patient_class,
        "location": row.location,
        "patient": display_name(who.phi),
        "erased": _is_erased(row, who) or None,
        "pseudonym": pseudonym(row.patient_key),
        "ordered_at": row.ordered_at,
        "scheduled_at": row.scheduled_at,
        "images": row.instance_count or None,
        "images_expected": row.images_expected or None,
        "next_actor": row.next_actor or None,
        "corrected": row.corrected_at is not None or None,
        "doubts": doubts(row) or None,
        "flags": flags(row) or None,
    }
    if due is not None:
        known = BY_NAME.get(due.interval)
        fields |= {"due_at": due.due_at, "warn_at": due.warn_at, "target_s": due.due_s}
        fields |= {"target_interval": due.interval, "target_label": known.label if known else due.interval}
    if forecasts:
        fields |= card_fields(still_coming(forecasts, row), due)
    return {name: value for name, value in fields.items() if value is not None}


def _is_erased(row: WorklistRow, who: Who) -> bool:
    # Who came again after an erasure may have a name in the same exam.
    return who.erased or (who.phi is None and row.patient_erased_at is not None)


def exam_sheet(row: WorklistRow, patients: Patients) -> Json:
    """Everything that is known of one exam."""
    phi = patients.who(row).phi
    sheet = card(row, patients)
    sheet |= {name: getattr(row, name) for name in _MILESTONES if getattr(row, name) is not None}
    sheet |= {
        "procedure_code": row.procedure_code,
        "study_instance_uid": row.study_instance_uid,
        "series": row.series_count,
        "images": row.instance_count,
        "event_count": row.event_count,
        "reconciled_into": row.reconciled_into,
        "reconciled_from_count": row.reconciled_from_count or None,
        "unreconciled": row.unreconciled or None,
        "patient_erased_at": row.patient_erased_at,
        "clock_faults": row.clock_faults or None,
        "report_count": row.report_count or None,
        "last_occurred_at": row.last_occurred_at,
        "last_recorded_at": row.last_recorded_at,
    }
    sheet |= {name: getattr(row, name) or None for name in _DETAILS}
    if phi is not None:
        sheet |= {"patient_id": phi.patient_id, "birth_date": phi.birth_date, "sex": phi.sex}
    return {name: value for name, value in sheet.items() if value is not None}
