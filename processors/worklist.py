"""The worklist view: one row per exam, a pure function of its state."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from processors.exam_state import ExamState, Fact, Value, from_us
from processors.milestones import milestones, stage
from processors.patients import IMAGE_STEPS
from processors.standing import Standing, standing
from schemas.views import WorklistRow

_COUNTS = ("series_count", "instance_count")


def latest_attributes(stands: Standing) -> dict[str, Value]:
    """Each attribute as it was last said: by occurred_at, then by event_id."""
    said = [fact for _, fact in sorted(stands.own, key=lambda item: (item[1].occurred_us, item[0]))]
    reconciled = stands.reconciliation.images.values()
    latest: dict[str, Value] = {}
    for fact in (*(fact for facts in reconciled for fact in _in_order(facts)), *said):
        latest.update(fact.attributes)
    for name in _COUNTS:
        latest[name] = sum(_greatest(name, facts) for facts in (said, *reconciled))
    # The RIS knows which exam it is; what an image says of its modality counts only without it.
    ordered = [fact.attributes["modality"] for fact in said if _says_modality(fact)]
    if ordered:
        latest["modality"] = ordered[-1]
    return latest


def _in_order(facts: Iterable[Fact]) -> list[Fact]:
    return sorted(facts, key=Fact.order)


def _greatest(name: str, facts: Iterable[Fact]) -> int:
    """An archive's totals only grow: the greatest is right whatever the clocks say."""
    return max((int(fact.attributes[name]) for fact in facts if name in fact.attributes), default=0)


def _says_modality(fact: Fact) -> bool:
    return fact.step not in IMAGE_STEPS and "modality" in fact.attributes


def site_of(state: ExamState) -> str:
    """The site as last said."""
    return max((f.occurred_us, event_id, f.site) for event_id, f in state.facts.items())[2]


def text(attributes: dict[str, Value], name: str) -> str | None:
    """An attribute that is text, or None."""
    value = attributes.get(name)
    return None if value is None else str(value)


def _instant(microseconds: Value | None) -> datetime | None:
    return None if microseconds is None else from_us(int(microseconds))


def worklist_row(state: ExamState) -> WorklistRow:
    """The row of an exam with at least one fact."""
    stands = standing(state)
    reached = milestones(stands)
    attributes = latest_attributes(stands)
    name, since = stage(reached)
    reconciled = stands.reconciliation
    phi = state.phi if state.phi is not None and _stands(state, state.phi.event_id) else None
    at = {f"{milestone}_at": from_us(instant) for milestone, instant in reached.items()}
    at["scheduled_at"] = _instant(attributes.get("scheduled_at")) or at.get("scheduled_at")  # type: ignore[assignment]
    return WorklistRow(
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
        study_instance_uid=text(attributes, "study_instance_uid"),
        phi=None if phi is None else phi.sealed,
        phi_event_id=None if phi is None else phi.event_id,
        stage=name if reconciled.into is None else "reconciled",
        stage_since_at=_instant(since),
        series_count=int(attributes["series_count"]),
        instance_count=int(attributes["instance_count"]),
        unmatched=name == "unmatched" and reconciled.into is None,
        event_count=len(state.facts),
        last_occurred_at=from_us(max(fact.occurred_us for fact in state.facts.values())),
        last_recorded_at=from_us(max(fact.recorded_us for fact in state.facts.values())),
        reconciled_into=reconciled.into,
        reconciled_from_count=len(reconciled.images),
        unreconciled=reconciled.unreconciled,
        patient_mismatch=stands.patient_mismatch,
        accession_reused=stands.accession_reused,
        patient_erased_at=_instant(stands.patient_erased_us),
        **at,
    )


def _stands(state: ExamState, event_id: str) -> bool:
    return all(fact.corrects != event_id for fact in state.facts.values())
