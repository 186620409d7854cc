"""Rows on their way to bytes: what codec and subscribers take for the row itself.

Generated from `schemas/avro` by `python -m schemas.generate`: edit the contracts.

Every field is to be set. Instants are microseconds since the epoch, UTC; what the fields mean stands at the
classes of the same name in `schemas/parts.py` and `schemas/views.py`.
"""

from __future__ import annotations

from typing import ClassVar

from schemas.parts import SealedPhi


class IntervalDraft:
    """Interval, while it is made."""

    AVRO_NAME: ClassVar[str] = "radstream.parts.Interval"
    __slots__ = ("end_at", "name", "seconds", "start_at")

    name: str
    start_at: int
    end_at: int
    seconds: float


class ExcludedIntervalDraft:
    """ExcludedInterval, while it is made."""

    AVRO_NAME: ClassVar[str] = "radstream.parts.ExcludedInterval"
    __slots__ = ("end_at", "name", "reason", "start_at")

    name: str
    reason: str
    start_at: int
    end_at: int


class WorklistRowDraft:
    """WorklistRow, while it is made."""

    AVRO_NAME: ClassVar[str] = "radstream.views.WorklistRow"
    __slots__ = (
        "accession_number",
        "accession_reused",
        "analysis_status",
        "arrived_at",
        "assigned_reader",
        "cancelled_at",
        "clock_faults",
        "completed_at",
        "corrected_at",
        "critical_acknowledged_at",
        "critical_category",
        "critical_notified_at",
        "delay_code",
        "delayed_at",
        "dictated_at",
        "event_count",
        "exam_id",
        "final_at",
        "finding_present",
        "first_image_at",
        "first_priority",
        "held_since_at",
        "images_complete",
        "images_expected",
        "instance_count",
        "interpretation_started_at",
        "last_occurred_at",
        "last_recorded_at",
        "location",
        "modality",
        "next_actor",
        "next_actor_since_at",
        "opened_at",
        "ordered_at",
        "patient_class",
        "patient_erased_at",
        "patient_key",
        "patient_mismatch",
        "phi",
        "phi_event_id",
        "preliminary_at",
        "prepared_at",
        "priority",
        "priority_changed_at",
        "procedure_code",
        "procedure_name",
        "protocolled_at",
        "reader",
        "rebuild_reason",
        "reconciled_from_count",
        "reconciled_into",
        "report_count",
        "report_first_event_id",
        "report_last_event_id",
        "report_status",
        "room",
        "scheduled_at",
        "series_count",
        "site",
        "stage",
        "stage_since_at",
        "started_at",
        "station_ae_title",
        "stored_at",
        "study_instance_uid",
        "study_stored_at",
        "technologist",
        "unmatched",
        "unreconciled",
    )

    exam_id: str
    accession_number: str | None
    site: str
    patient_key: str | None
    modality: str | None
    procedure_code: str | None
    procedure_name: str | None
    priority: str | None
    patient_class: str | None
    location: str | None
    study_instance_uid: str | None
    phi: SealedPhi | None
    phi_event_id: str | None
    stage: str
    stage_since_at: int | None
    ordered_at: int | None
    scheduled_at: int | None
    arrived_at: int | None
    started_at: int | None
    completed_at: int | None
    first_image_at: int | None
    stored_at: int | None
    dictated_at: int | None
    preliminary_at: int | None
    final_at: int | None
    corrected_at: int | None
    cancelled_at: int | None
    series_count: int
    instance_count: int
    unmatched: bool
    event_count: int
    last_occurred_at: int
    last_recorded_at: int
    reconciled_into: str | None
    reconciled_from_count: int | None
    unreconciled: bool | None
    patient_mismatch: bool | None
    accession_reused: bool | None
    patient_erased_at: int | None
    station_ae_title: str | None
    next_actor: str | None
    next_actor_since_at: int | None
    images_expected: int | None
    images_complete: bool | None
    study_stored_at: int | None
    protocolled_at: int | None
    prepared_at: int | None
    opened_at: int | None
    interpretation_started_at: int | None
    critical_notified_at: int | None
    critical_acknowledged_at: int | None
    critical_category: str | None
    first_priority: str | None
    priority_changed_at: int | None
    held_since_at: int | None
    delay_code: str | None
    delayed_at: int | None
    analysis_status: str | None
    finding_present: bool | None
    room: str | None
    technologist: str | None
    assigned_reader: str | None
    reader: str | None
    report_status: str | None
    report_count: int | None
    report_first_event_id: str | None
    report_last_event_id: str | None
    clock_faults: tuple[str, ...] | None
    rebuild_reason: str | None


class TurnaroundRowDraft:
    """TurnaroundRow, while it is made."""

    AVRO_NAME: ClassVar[str] = "radstream.views.TurnaroundRow"
    __slots__ = (
        "accession_number",
        "clock_faults",
        "event_count",
        "exam_id",
        "excluded",
        "intervals",
        "last_recorded_at",
        "location",
        "modality",
        "patient_class",
        "patient_key",
        "priority",
        "procedure_code",
        "procedure_name",
        "reader",
        "site",
        "station_ae_title",
    )

    exam_id: str
    accession_number: str | None
    site: str
    patient_key: str | None
    modality: str | None
    procedure_code: str | None
    procedure_name: str | None
    priority: str | None
    patient_class: str | None
    location: str | None
    intervals: list[IntervalDraft]
    event_count: int
    last_recorded_at: int
    excluded: list[ExcludedIntervalDraft] | None
    clock_faults: tuple[str, ...] | None
    station_ae_title: str | None
    reader: str | None
