"""What each exam brings along before it queues for anything. Pure; times in whole seconds from the start."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from producers.simulator.department import DepartmentConfig, PatientClass
from producers.simulator.draws import Draws, LogLogistic
from producers.simulator.hours import Hours
from producers.simulator.identities import PlanIdentity
from producers.simulator.modality import Modality, Procedure

_URGENCY = {"S": 0, "A": 1, "R": 2}
# An urgent patient comes in this share of the time that a routine one of the same class takes.
_LEAD_SHARE = {"S": 0.25, "A": 0.5, "R": 1.0}
_SLOT_S = 300


@dataclass(frozen=True, slots=True)
class Draft:
    """An exam as it would be if it never waited. `*_s`: instants from the start, or durations; seconds.

    `missing`: steps that happen and are never said.
    """

    index: int
    modality: Modality
    procedure: Procedure
    patient_class: PatientClass
    priority: str
    location: str
    patient_number: int
    images: int
    registered_s: int
    ordered_s: int
    scheduled_s: int | None
    scheduled_for_s: int
    arrived_s: int
    cancelled_s: int | None
    preparation_s: int
    acquisition_s: int
    turnover_s: int
    transfer_s: int
    reading_s: int
    verification_s: int | None
    signature_s: int
    correction_s: int | None
    missing: frozenset[str]

    @property
    def urgency(self) -> int:
        """0 goes first."""
        return _URGENCY[self.priority]

    @property
    def ready_s(self) -> int:
        """When the patient could go on the table."""
        return self.arrived_s + self.preparation_s


def drafts(config: DepartmentConfig, identity: PlanIdentity, hours: Hours) -> Iterator[Draft]:
    """All exams in the order of their registration, for ever."""
    registered_s = 0.0
    index = 0
    while True:
        gap = identity.draws("arrival", index).exponential()
        registered_s = _after_gap(hours, registered_s, gap)
        draws = identity.draws("exam", index)
        patient_class = draws.weighted(config.classes, hours.busyness(registered_s).rates)
        yield _draft(config, patient_class, draws, index, round(registered_s))
        index += 1


def _after_gap(hours: Hours, since_s: float, gap: float) -> float:
    """When `gap` expected arrivals have gone by: a Poisson process whose rate changes at each hour."""
    now_s = since_s
    while True:
        busyness = hours.busyness(now_s)
        left = busyness.total * (busyness.ends_s - now_s)
        if gap < left:
            return now_s + gap / busyness.total
        gap -= left
        now_s = busyness.ends_s


def _draft(
    config: DepartmentConfig, patient_class: PatientClass, draws: Draws, index: int, registered_s: int
) -> Draft:
    mix = patient_class.mix
    shares = [one.share * mix.get(one.code, 1.0) for one in config.modalities]
    modality = draws.weighted(config.modalities, shares)
    procedure = draws.weighted(modality.procedures, [one.weight for one in modality.procedures])
    priority = draws.weighted(tuple(patient_class.priorities), tuple(patient_class.priorities.values()))
    appointment = _appointment(config, patient_class, draws, registered_s, priority)
    has_preliminary = draws.happens(config.preliminary_share)
    has_correction = draws.happens(config.corrected_share)
    return Draft(
        index=index,
        modality=modality,
        procedure=procedure,
        patient_class=patient_class,
        priority=priority,
        location=draws.one_of(patient_class.locations),
        patient_number=draws.below(config.patients),
        images=modality.images[0] + draws.below(modality.images[1] - modality.images[0] + 1),
        registered_s=registered_s,
        ordered_s=appointment.ordered_s,
        scheduled_s=appointment.scheduled_s,
        scheduled_for_s=appointment.scheduled_for_s,
        arrived_s=appointment.arrived_s,
        cancelled_s=appointment.cancelled_s,
        preparation_s=_seconds(draws, config.preparation),
        acquisition_s=_seconds(draws, modality.acquisition, procedure.scanning),
        turnover_s=_seconds(draws, config.turnover),
        transfer_s=_seconds(draws, config.transfer),
        reading_s=_seconds(draws, modality.reading, procedure.reading),
        verification_s=_seconds(draws, config.verification) if has_preliminary else None,
        signature_s=_seconds(draws, config.signature),
        correction_s=_seconds(draws, config.correction) if has_correction else None,
        missing=frozenset(step for step, share in config.faults.missing.items() if draws.happens(share)),
    )


@dataclass(frozen=True, slots=True)
class _Appointment:
    ordered_s: int
    scheduled_s: int | None
    scheduled_for_s: int
    arrived_s: int
    cancelled_s: int | None


def _appointment(
    config: DepartmentConfig, patient_class: PatientClass, draws: Draws, registered_s: int, priority: str
) -> _Appointment:
    """From the order to the patient's arrival, or to the order's end."""
    ordered_s = registered_s + _seconds(draws, config.registration_lead)
    scheduling_s = _seconds(draws, config.scheduling)
    scheduled_s = None if draws.happens(config.walk_in_scheduled_share) else ordered_s + scheduling_s
    known_s = scheduled_s or ordered_s
    lead_s = round(_seconds(draws, patient_class.lead) * _LEAD_SHARE[priority])
    scheduled_for_s = max(known_s + 60, _slot(ordered_s + lead_s, patient_class))
    punctuality_s = round(draws.between(-patient_class.early_s, patient_class.late_s))
    arrived_s = max(known_s + 30, scheduled_for_s + punctuality_s)
    is_cancelled = draws.happens(config.cancelled_share)
    cancelled_s = known_s + 1 + draws.below(arrived_s - known_s)
    return _Appointment(
        ordered_s, scheduled_s, scheduled_for_s, arrived_s, cancelled_s if is_cancelled else None
    )


def _seconds(draws: Draws, law: LogLogistic, factor: float = 1.0) -> int:
    """At least a second, so that no two steps of one exam fall together."""
    return max(1, round(draws.duration_s(law) * factor))


def _slot(at_s: int, patient_class: PatientClass) -> int:
    """Outpatients get a slot of the diary; the others come when they are called."""
    return at_s if patient_class.code != "O" else -(-at_s // _SLOT_S) * _SLOT_S
