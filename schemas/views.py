"""Rows of the published views.

Generated from `schemas/avro` by `python -m schemas.generate`: edit the contracts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Self

from schemas.parts import ExcludedInterval, Interval, SealedPhi


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRow:
    """One interval of one exam that is about to miss its target, or has missed it.

    alert_id: Key of the row: UUIDv5 of exam, interval and version of the targets.
    exam_id: Exam.
    accession_number: Accession number without its issuer.
    site: Site code.
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    procedure_name: OBR-4.2, the procedure's name.
    priority: STAT, ASAP, ROUTINE, PREOP, CALLBACK or TIMING (HL7 table 0485).
    patient_class: HL7 table 0004: E emergency, I inpatient, O outpatient, P preadmit, R recurring.
    location: Assigned patient location (PV1-3), point of care.
    interval: Name of the interval, as in the table of intervals.
    state: warned: likely late, or due soon; breached: past due, still under way; met: ended in time
        after a warning; resolved: ended, too late; open: not at risk any more; withdrawn: no longer
        judged (corrected, reconciled, other targets).
    start_at: Start milestone of the interval, UTC.
    warn_at: When it is warned of where no forecast counts, UTC.
    due_at: When it has to have ended, UTC.
    breached_at: When it missed its target: due_at; null where it did not.
    closed_at: When it ended, UTC; of an end that nobody said, the earliest later milestone.
    closed_by: Milestone that ended it; cancelled where the exam was.
    targets_sha256: Version of the targets that it is judged by.
    due_s: The target, seconds.
    said_at: When the row was made, by the department's clock, UTC.
    warned_at: When it was warned of last, UTC; null where it never was.
    taken_back_at: When that warning was taken back before the interval was due or over, UTC; null where
        it was not.
    warned_by: What warned: the version of a model, baseline for the medians of the last weeks, clock
        where the target's time was about to be over and no forecast counted.
    warned_before_s: How long before it was due it was warned of, seconds.
    warning_came_true: Whether a warning that stood came true: true once the target was missed, false
        once it was kept or the warning was taken back; null where nobody knows yet, or there was none.
    breach_probability: Probability, 0 to 1, to miss the target, as the forecast said that was there when
        the warning was raised; so the next five.
    forecast_at: When that forecast was made, UTC.
    p10_at: One in ten such exams ends the interval before, UTC.
    p50_at: One in two ends it before, UTC: the median.
    p90_at: Nine in ten end it before, UTC.
    reasons: Names of the features that moved the forecast most, the strongest first; empty where the
        baseline spoke.
    """

    AVRO_NAME: ClassVar[str] = "radstream.views.AlertRow"

    alert_id: str
    exam_id: str
    accession_number: str | None = None
    site: str
    modality: str | None = None
    procedure_name: str | None = None
    priority: str | None = None
    patient_class: str | None = None
    location: str | None = None
    interval: str
    state: str
    start_at: datetime
    warn_at: datetime
    due_at: datetime
    breached_at: datetime | None = None
    closed_at: datetime | None = None
    closed_by: str | None = None
    targets_sha256: str
    due_s: int
    said_at: datetime
    warned_at: datetime | None = None
    taken_back_at: datetime | None = None
    warned_by: str | None = None
    warned_before_s: int | None = None
    warning_came_true: bool | None = None
    breach_probability: float | None = None
    forecast_at: datetime | None = None
    p10_at: datetime | None = None
    p50_at: datetime | None = None
    p90_at: datetime | None = None
    reasons: tuple[str, ...] | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "alert_id": self.alert_id,
            "exam_id": self.exam_id,
            "accession_number": self.accession_number,
            "site": self.site,
            "modality": self.modality,
            "procedure_name": self.procedure_name,
            "priority": self.priority,
            "patient_class": self.patient_class,
            "location": self.location,
            "interval": self.interval,
            "state": self.state,
            "start_at": self.start_at,
            "warn_at": self.warn_at,
            "due_at": self.due_at,
            "breached_at": self.breached_at,
            "closed_at": self.closed_at,
            "closed_by": self.closed_by,
            "targets_sha256": self.targets_sha256,
            "due_s": self.due_s,
            "said_at": self.said_at,
            "warned_at": self.warned_at,
            "taken_back_at": self.taken_back_at,
            "warned_by": self.warned_by,
            "warned_before_s": self.warned_before_s,
            "warning_came_true": self.warning_came_true,
            "breach_probability": self.breach_probability,
            "forecast_at": self.forecast_at,
            "p10_at": self.p10_at,
            "p50_at": self.p50_at,
            "p90_at": self.p90_at,
            "reasons": None if self.reasons is None else list(self.reasons),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            alert_id=record["alert_id"],
            exam_id=record["exam_id"],
            accession_number=record["accession_number"],
            site=record["site"],
            modality=record["modality"],
            procedure_name=record["procedure_name"],
            priority=record["priority"],
            patient_class=record["patient_class"],
            location=record["location"],
            interval=record["interval"],
            state=record["state"],
            start_at=record["start_at"],
            warn_at=record["warn_at"],
            due_at=record["due_at"],
            breached_at=record["breached_at"],
            closed_at=record["closed_at"],
            closed_by=record["closed_by"],
            targets_sha256=record["targets_sha256"],
            due_s=record["due_s"],
            said_at=record["said_at"],
            warned_at=record["warned_at"],
            taken_back_at=record["taken_back_at"],
            warned_by=record["warned_by"],
            warned_before_s=record["warned_before_s"],
            warning_came_true=record["warning_came_true"],
            breach_probability=record["breach_probability"],
            forecast_at=record["forecast_at"],
            p10_at=record["p10_at"],
            p50_at=record["p50_at"],
            p90_at=record["p90_at"],
            reasons=None if record["reasons"] is None else tuple(record["reasons"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRow:
    """What an exam has to reach next, and by when: of its intervals under way that have a target the one
    that is due first.

    exam_id: Key of the row.
    accession_number: Accession number without its issuer.
    site: Site code.
    interval: Name of the interval, as in the table of intervals.
    start_at: Start milestone of the interval, UTC.
    warn_at: When it is warned of, UTC.
    due_at: When it has to have ended, UTC.
    targets_sha256: Version of the targets that it is judged by.
    due_s: The target, seconds.
    said_at: When the row was made, by the department's clock, UTC.
    """

    AVRO_NAME: ClassVar[str] = "radstream.views.DueRow"

    exam_id: str
    accession_number: str | None = None
    site: str
    interval: str
    start_at: datetime
    warn_at: datetime
    due_at: datetime
    targets_sha256: str
    due_s: int
    said_at: datetime

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "exam_id": self.exam_id,
            "accession_number": self.accession_number,
            "site": self.site,
            "interval": self.interval,
            "start_at": self.start_at,
            "warn_at": self.warn_at,
            "due_at": self.due_at,
            "targets_sha256": self.targets_sha256,
            "due_s": self.due_s,
            "said_at": self.said_at,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            exam_id=record["exam_id"],
            accession_number=record["accession_number"],
            site=record["site"],
            interval=record["interval"],
            start_at=record["start_at"],
            warn_at=record["warn_at"],
            due_at=record["due_at"],
            targets_sha256=record["targets_sha256"],
            due_s=record["due_s"],
            said_at=record["said_at"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionRow:
    """When a milestone of an open exam is to be expected, by what was known when it was forecast.

    prediction_id: Key of the row: exam_id, a vertical bar, and the milestone.
    exam_id: The exam.
    accession_number: Accession number without its issuer.
    site: Site code.
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    priority: STAT, ASAP, ROUTINE, ... (HL7 table 0485).
    milestone: The milestone to come: started, study_stored, preliminary or final.
    made_at: When it was forecast, by the department's clock, UTC; nothing later was known.
    p05_at: One in twenty such milestones comes before, UTC.
    p10_at: One in ten such milestones comes before, UTC.
    p25_at: One in four comes before, UTC.
    p50_at: One in two comes before, UTC: the median.
    p75_at: Three in four come before, UTC.
    p90_at: Nine in ten come before, UTC.
    p95_at: Nineteen in twenty come before, UTC.
    interval: Name of the interval that ends with it and is due first; null where none has a target.
    due_at: When that interval has to have ended, UTC.
    breach_probability: Probability, 0 to 1, that it misses its target.
    reasons: Names of the features that moved the forecast most, the strongest first; empty where the
        baseline speaks.
    model: Version of the model that made it; baseline where recent medians did.
    baseline_min: What the forecast has to beat: minutes from made_at of the same seven quantiles, 0.05
        to 0.95, by what exams like it took in the last weeks; null where nothing is known of such.
    baseline_probability: The breach_probability by those quantiles.
    late_since_at: Since when forecasts have said without a break that the target will likely be missed,
        by the thresholds of the target, UTC; null where they do not.
    fallback_reason: Why the baseline speaks and no model; null where a model does.
    """

    AVRO_NAME: ClassVar[str] = "radstream.views.PredictionRow"

    prediction_id: str
    exam_id: str
    accession_number: str | None = None
    site: str
    modality: str | None = None
    priority: str | None = None
    milestone: str
    made_at: datetime
    p05_at: datetime | None = None
    p10_at: datetime
    p25_at: datetime | None = None
    p50_at: datetime
    p75_at: datetime | None = None
    p90_at: datetime
    p95_at: datetime | None = None
    interval: str | None = None
    due_at: datetime | None = None
    breach_probability: float | None = None
    reasons: tuple[str, ...]
    model: str
    baseline_min: tuple[float, ...] | None = None
    baseline_probability: float | None = None
    late_since_at: datetime | None = None
    fallback_reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "prediction_id": self.prediction_id,
            "exam_id": self.exam_id,
            "accession_number": self.accession_number,
            "site": self.site,
            "modality": self.modality,
            "priority": self.priority,
            "milestone": self.milestone,
            "made_at": self.made_at,
            "p05_at": self.p05_at,
            "p10_at": self.p10_at,
            "p25_at": self.p25_at,
            "p50_at": self.p50_at,
            "p75_at": self.p75_at,
            "p90_at": self.p90_at,
            "p95_at": self.p95_at,
            "interval": self.interval,
            "due_at": self.due_at,
            "breach_probability": self.breach_probability,
            "reasons": list(self.reasons),
            "model": self.model,
            "baseline_min": None if self.baseline_min is None else list(self.baseline_min),
            "baseline_probability": self.baseline_probability,
            "late_since_at": self.late_since_at,
            "fallback_reason": self.fallback_reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            prediction_id=record["prediction_id"],
            exam_id=record["exam_id"],
            accession_number=record["accession_number"],
            site=record["site"],
            modality=record["modality"],
            priority=record["priority"],
            milestone=record["milestone"],
            made_at=record["made_at"],
            p05_at=record["p05_at"],
            p10_at=record["p10_at"],
            p25_at=record["p25_at"],
            p50_at=record["p50_at"],
            p75_at=record["p75_at"],
            p90_at=record["p90_at"],
            p95_at=record["p95_at"],
            interval=record["interval"],
            due_at=record["due_at"],
            breach_probability=record["breach_probability"],
            reasons=tuple(record["reasons"]),
            model=record["model"],
            baseline_min=None if record["baseline_min"] is None else tuple(record["baseline_min"]),
            baseline_probability=record["baseline_probability"],
            late_since_at=record["late_since_at"],
            fallback_reason=record["fallback_reason"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnaroundRow:
    """The measured intervals of one exam: a pure function of the exam's events.

    exam_id: Key of the row.
    accession_number: Accession number without its issuer.
    site: Site code.
    patient_key: Pseudonym of the patient.
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    procedure_code: OBR-4.1, the procedure as the site codes it.
    procedure_name: OBR-4.2, the procedure's name.
    priority: STAT, ASAP, ROUTINE, PREOP, CALLBACK or TIMING (HL7 table 0485).
    patient_class: HL7 table 0004: E emergency, I inpatient, O outpatient, P preadmit, R recurring.
    location: Assigned patient location (PV1-3), point of care.
    intervals: The intervals whose two ends are known.
    event_count: Events of the exam that the row was made from.
    last_recorded_at: The latest recorded_at among them.
    excluded: The intervals whose two ends are known and that are not measured, with the reason.
    clock_faults: What cannot be right: final<completed where the first was said to be before the second
        by more than the bound, arrived>recorded where it was recorded before it happened.
    station_ae_title: The scanner, by its AE title, as last said.
    reader: Who opened, read or reported it last, pseudonym.
    """

    AVRO_NAME: ClassVar[str] = "radstream.views.TurnaroundRow"

    exam_id: str
    accession_number: str | None = None
    site: str
    patient_key: str | None = None
    modality: str | None = None
    procedure_code: str | None = None
    procedure_name: str | None = None
    priority: str | None = None
    patient_class: str | None = None
    location: str | None = None
    intervals: tuple[Interval, ...]
    event_count: int
    last_recorded_at: datetime
    excluded: tuple[ExcludedInterval, ...] | None = None
    clock_faults: tuple[str, ...] | None = None
    station_ae_title: str | None = None
    reader: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "exam_id": self.exam_id,
            "accession_number": self.accession_number,
            "site": self.site,
            "patient_key": self.patient_key,
            "modality": self.modality,
            "procedure_code": self.procedure_code,
            "procedure_name": self.procedure_name,
            "priority": self.priority,
            "patient_class": self.patient_class,
            "location": self.location,
            "intervals": [item.to_record() for item in self.intervals],
            "event_count": self.event_count,
            "last_recorded_at": self.last_recorded_at,
            "excluded": None if self.excluded is None else [item.to_record() for item in self.excluded],
            "clock_faults": None if self.clock_faults is None else list(self.clock_faults),
            "station_ae_title": self.station_ae_title,
            "reader": self.reader,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            exam_id=record["exam_id"],
            accession_number=record["accession_number"],
            site=record["site"],
            patient_key=record["patient_key"],
            modality=record["modality"],
            procedure_code=record["procedure_code"],
            procedure_name=record["procedure_name"],
            priority=record["priority"],
            patient_class=record["patient_class"],
            location=record["location"],
            intervals=tuple(Interval.from_record(item) for item in record["intervals"]),
            event_count=record["event_count"],
            last_recorded_at=record["last_recorded_at"],
            excluded=None
            if record["excluded"] is None
            else tuple(ExcludedInterval.from_record(item) for item in record["excluded"]),
            clock_faults=None if record["clock_faults"] is None else tuple(record["clock_faults"]),
            station_ae_title=record["station_ae_title"],
            reader=record["reader"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistRow:
    """One exam as it stands: a pure function of the exam's events.

    exam_id: Key of the row.
    accession_number: Accession number without its issuer.
    site: Site code.
    patient_key: Pseudonym of the patient; after a merge, of the record that stays.
    modality: Modality (0008,0060): CT, MR, US, CR, DX, ...
    procedure_code: OBR-4.1, the procedure as the site codes it.
    procedure_name: OBR-4.2, the procedure's name.
    priority: STAT, ASAP, ROUTINE, PREOP, CALLBACK or TIMING (HL7 table 0485).
    patient_class: HL7 table 0004: E emergency, I inpatient, O outpatient, P preadmit, R recurring.
    location: Assigned patient location (PV1-3), point of care.
    study_instance_uid: StudyInstanceUID (0020,000D).
    phi: Who the patient is: ciphertext.
    phi_event_id: The event that the ciphertext is bound to.
    stage: unmatched, ordered, scheduled, arrived, in_progress, acquired, stored, dictated, preliminary,
        final, cancelled; reconciled where the events belong to another exam.
    stage_since_at: When the exam entered its stage, UTC.
    ordered_at: Order placed, UTC; the earliest if it was said more than once.
    scheduled_at: The appointed time, UTC; the latest that was said.
    arrived_at: Patient arrived, UTC; the earliest if it was said more than once.
    started_at: Acquisition started, UTC; the earliest if it was said more than once.
    completed_at: Acquisition completed, UTC; the earliest if it was said more than once.
    first_image_at: First image stored, UTC; the earliest if it was said more than once.
    stored_at: Images stored, UTC; the earliest if it was said more than once.
    dictated_at: Report dictated, UTC; the earliest if it was said more than once.
    preliminary_at: Preliminary report published, UTC; the earliest if it was said more than once.
    final_at: Final report published, UTC; the earliest if it was said more than once.
    corrected_at: Report corrected, UTC; the earliest if it was said more than once.
    cancelled_at: Order cancelled or acquisition discontinued, UTC; the earliest if it was said more than
        once.
    series_count: Series in the archive.
    instance_count: Images in the archive.
    unmatched: Images stand here without an order.
    event_count: Events of the exam that the row was made from.
    last_occurred_at: The latest occurred_at among them.
    last_recorded_at: The latest recorded_at among them.
    reconciled_into: exam_id that the exam's images belong to, while that stands: it is off the board
        then.
    reconciled_from_count: How many other exam_ids' images belong to this exam.
    unreconciled: Someone took the reconciliation of this exam_id back: from now on only people reconcile
        it.
    patient_mismatch: Images and order name two patients whom no merge makes one: the study may be
        mislabelled.
    accession_reused: Orders, visits or reports under this accession number name two patients whom no
        merge makes one; patient_key is the first order's.
    patient_erased_at: When the keys of a patient of this exam were destroyed, UTC.
    station_ae_title: Scanner, by its AE title, as last said: the scheduled one, then the one in use.
    next_actor: Who must act next: scheduler, patient, technologist, radiologist, referrer,
        image_manager; null where nobody has to.
    next_actor_since_at: Since when they can, UTC.
    images_expected: Images at which every study of the exam was said to be complete; instance_count
        beyond it are late ones. Null while that is not known.
    images_complete: Whether nothing came after the studies were said to be complete; null while that is
        not known.
    study_stored_at: The studies complete in the archive, UTC; the earliest if it was said more than
        once, null while a late image has them open again.
    protocolled_at: Protocol chosen, UTC; the earliest if it was said more than once.
    prepared_at: Patient prepared, UTC; the earliest if it was said more than once.
    opened_at: Exam opened by a radiologist, UTC; the earliest if it was said more than once.
    interpretation_started_at: Reading began, UTC; the earliest if it was said more than once.
    critical_notified_at: Critical result told to the referring side, UTC; the earliest if it was said
        more than once.
    critical_acknowledged_at: Critical result acknowledged by the referring side, UTC; the earliest if it
        was said more than once.
    critical_category: Category of the critical result as last said: 1 minutes, 2 hours, 3 days (ACR).
    first_priority: The priority that was said first.
    priority_changed_at: When the priority last became another one, UTC.
    held_since_at: Since when the order is on hold, UTC.
    delay_code: Why the exam waits, as last said (SWIM RID45954 to RID45974).
    delayed_at: When that was said, UTC.
    analysis_status: How far algorithms are: requested, started, completed, failed.
    finding_present: Whether an algorithm found something, as last said.
    room: Room, as last said.
    technologist: Technologist whom the exam was given to, pseudonym.
    assigned_reader: Reader whom the exam was given to, pseudonym.
    reader: Who opened, read or reported it last, pseudonym.
    report_status: preliminary, final, corrected, addended or cancelled.
    report_count: How many versions of the report were published or withdrawn.
    report_first_event_id: The event of the first version.
    report_last_event_id: The event of the latest version.
    clock_faults: What cannot be right, as final<completed or arrived>recorded.
    rebuild_reason: The row misses what was said before, until it is built again from the log:
        older_format, unreadable.
    """

    AVRO_NAME: ClassVar[str] = "radstream.views.WorklistRow"

    exam_id: str
    accession_number: str | None = None
    site: str
    patient_key: str | None = None
    modality: str | None = None
    procedure_code: str | None = None
    procedure_name: str | None = None
    priority: str | None = None
    patient_class: str | None = None
    location: str | None = None
    study_instance_uid: str | None = None
    phi: SealedPhi | None = None
    phi_event_id: str | None = None
    stage: str
    stage_since_at: datetime | None = None
    ordered_at: datetime | None = None
    scheduled_at: datetime | None = None
    arrived_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    first_image_at: datetime | None = None
    stored_at: datetime | None = None
    dictated_at: datetime | None = None
    preliminary_at: datetime | None = None
    final_at: datetime | None = None
    corrected_at: datetime | None = None
    cancelled_at: datetime | None = None
    series_count: int
    instance_count: int
    unmatched: bool
    event_count: int
    last_occurred_at: datetime
    last_recorded_at: datetime
    reconciled_into: str | None = None
    reconciled_from_count: int | None = None
    unreconciled: bool | None = None
    patient_mismatch: bool | None = None
    accession_reused: bool | None = None
    patient_erased_at: datetime | None = None
    station_ae_title: str | None = None
    next_actor: str | None = None
    next_actor_since_at: datetime | None = None
    images_expected: int | None = None
    images_complete: bool | None = None
    study_stored_at: datetime | None = None
    protocolled_at: datetime | None = None
    prepared_at: datetime | None = None
    opened_at: datetime | None = None
    interpretation_started_at: datetime | None = None
    critical_notified_at: datetime | None = None
    critical_acknowledged_at: datetime | None = None
    critical_category: str | None = None
    first_priority: str | None = None
    priority_changed_at: datetime | None = None
    held_since_at: datetime | None = None
    delay_code: str | None = None
    delayed_at: datetime | None = None
    analysis_status: str | None = None
    finding_present: bool | None = None
    room: str | None = None
    technologist: str | None = None
    assigned_reader: str | None = None
    reader: str | None = None
    report_status: str | None = None
    report_count: int | None = None
    report_first_event_id: str | None = None
    report_last_event_id: str | None = None
    clock_faults: tuple[str, ...] | None = None
    rebuild_reason: str | None = None

    def to_record(self) -> dict[str, Any]:
        """As fastavro writes it."""
        return {
            "exam_id": self.exam_id,
            "accession_number": self.accession_number,
            "site": self.site,
            "patient_key": self.patient_key,
            "modality": self.modality,
            "procedure_code": self.procedure_code,
            "procedure_name": self.procedure_name,
            "priority": self.priority,
            "patient_class": self.patient_class,
            "location": self.location,
            "study_instance_uid": self.study_instance_uid,
            "phi": None if self.phi is None else self.phi.to_record(),
            "phi_event_id": self.phi_event_id,
            "stage": self.stage,
            "stage_since_at": self.stage_since_at,
            "ordered_at": self.ordered_at,
            "scheduled_at": self.scheduled_at,
            "arrived_at": self.arrived_at,
            "started_at": self.started_at,
            "completed_at": self.completed_at,
            "first_image_at": self.first_image_at,
            "stored_at": self.stored_at,
            "dictated_at": self.dictated_at,
            "preliminary_at": self.preliminary_at,
            "final_at": self.final_at,
            "corrected_at": self.corrected_at,
            "cancelled_at": self.cancelled_at,
            "series_count": self.series_count,
            "instance_count": self.instance_count,
            "unmatched": self.unmatched,
            "event_count": self.event_count,
            "last_occurred_at": self.last_occurred_at,
            "last_recorded_at": self.last_recorded_at,
            "reconciled_into": self.reconciled_into,
            "reconciled_from_count": self.reconciled_from_count,
            "unreconciled": self.unreconciled,
            "patient_mismatch": self.patient_mismatch,
            "accession_reused": self.accession_reused,
            "patient_erased_at": self.patient_erased_at,
            "station_ae_title": self.station_ae_title,
            "next_actor": self.next_actor,
            "next_actor_since_at": self.next_actor_since_at,
            "images_expected": self.images_expected,
            "images_complete": self.images_complete,
            "study_stored_at": self.study_stored_at,
            "protocolled_at": self.protocolled_at,
            "prepared_at": self.prepared_at,
            "opened_at": self.opened_at,
            "interpretation_started_at": self.interpretation_started_at,
            "critical_notified_at": self.critical_notified_at,
            "critical_acknowledged_at": self.critical_acknowledged_at,
            "critical_category": self.critical_category,
            "first_priority": self.first_priority,
            "priority_changed_at": self.priority_changed_at,
            "held_since_at": self.held_since_at,
            "delay_code": self.delay_code,
            "delayed_at": self.delayed_at,
            "analysis_status": self.analysis_status,
            "finding_present": self.finding_present,
            "room": self.room,
            "technologist": self.technologist,
            "assigned_reader": self.assigned_reader,
            "reader": self.reader,
            "report_status": self.report_status,
            "report_count": self.report_count,
            "report_first_event_id": self.report_first_event_id,
            "report_last_event_id": self.report_last_event_id,
            "clock_faults": None if self.clock_faults is None else list(self.clock_faults),
            "rebuild_reason": self.rebuild_reason,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Self:
        """From what fastavro read with this contract as the reader's schema."""
        return cls(
            exam_id=record["exam_id"],
            accession_number=record["accession_number"],
            site=record["site"],
            patient_key=record["patient_key"],
            modality=record["modality"],
            procedure_code=record["procedure_code"],
            procedure_name=record["procedure_name"],
            priority=record["priority"],
            patient_class=record["patient_class"],
            location=record["location"],
            study_instance_uid=record["study_instance_uid"],
            phi=None if record["phi"] is None else SealedPhi.from_record(record["phi"]),
            phi_event_id=record["phi_event_id"],
            stage=record["stage"],
            stage_since_at=record["stage_since_at"],
            ordered_at=record["ordered_at"],
            scheduled_at=record["scheduled_at"],
            arrived_at=record["arrived_at"],
            started_at=record["started_at"],
            completed_at=record["completed_at"],
            first_image_at=record["first_image_at"],
            stored_at=record["stored_at"],
            dictated_at=record["dictated_at"],
            preliminary_at=record["preliminary_at"],
            final_at=record["final_at"],
            corrected_at=record["corrected_at"],
            cancelled_at=record["cancelled_at"],
            series_count=record["series_count"],
            instance_count=record["instance_count"],
            unmatched=record["unmatched"],
            event_count=record["event_count"],
            last_occurred_at=record["last_occurred_at"],
            last_recorded_at=record["last_recorded_at"],
            reconciled_into=record["reconciled_into"],
            reconciled_from_count=record["reconciled_from_count"],
            unreconciled=record["unreconciled"],
            patient_mismatch=record["patient_mismatch"],
            accession_reused=record["accession_reused"],
            patient_erased_at=record["patient_erased_at"],
            station_ae_title=record["station_ae_title"],
            next_actor=record["next_actor"],
            next_actor_since_at=record["next_actor_since_at"],
            images_expected=record["images_expected"],
            images_complete=record["images_complete"],
            study_stored_at=record["study_stored_at"],
            protocolled_at=record["protocolled_at"],
            prepared_at=record["prepared_at"],
            opened_at=record["opened_at"],
            interpretation_started_at=record["interpretation_started_at"],
            critical_notified_at=record["critical_notified_at"],
            critical_acknowledged_at=record["critical_acknowledged_at"],
            critical_category=record["critical_category"],
            first_priority=record["first_priority"],
            priority_changed_at=record["priority_changed_at"],
            held_since_at=record["held_since_at"],
            delay_code=record["delay_code"],
            delayed_at=record["delayed_at"],
            analysis_status=record["analysis_status"],
            finding_present=record["finding_present"],
            room=record["room"],
            technologist=record["technologist"],
            assigned_reader=record["assigned_reader"],
            reader=record["reader"],
            report_status=record["report_status"],
            report_count=record["report_count"],
            report_first_event_id=record["report_first_event_id"],
            report_last_event_id=record["report_last_event_id"],
            clock_faults=None if record["clock_faults"] is None else tuple(record["clock_faults"]),
            rebuild_reason=record["rebuild_reason"],
        )


VIEW_CLASSES: tuple[type[Any], ...] = (
    AlertRow,
    DueRow,
    PredictionRow,
    TurnaroundRow,
    WorklistRow,
)
