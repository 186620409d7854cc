"""The worklist view: one row per exam, a pure function of its state."""

from __future__ import annotations

from datetime import datetime

from processors.exam_state import ExamState, Fact, Value, from_us
from processors.milestones import milestones, stage
from schemas.views import WorklistRow

_IMAGE_STEPS = frozenset({"FirstImageStored", "ImagesStored"})


def latest_attributes(state: ExamState) -> dict[str, Value]:
    """Each attribute as it was last said: by occurred_at, then by event_id."""
    said = sorted(state.valid(), key=lambda item: (item[1].occurred_us, item[0]))
    latest: dict[str, Value] = {}
    for _, fact in said:
        latest.update(fact.attributes)
    # An archive's totals only grow: the greatest is right whatever the clocks say.
    for name in ("series_count", "instance_count"):
        counts = [int(fact.attributes[name]) for _, fact in said if name in fact.attributes]
        latest[name] = max(counts, default=0)
    # The RIS knows which exam it is; what an image says of its modality counts only without it.
    ordered = [fact.attributes["modality"] for _, fact in said if _says_modality(fact)]
    if ordered:
        latest["modality"] = ordered[-1]
    return latest


def _says_modality(fact: Fact) -> bool:
    return fact.step not in _IMAGE_STEPS and "modality" in fact.attributes


def latest_patient_key(state: ExamState) -> str | None:
    """The patient as last said."""
    keys = [(f.occurred_us, event_id, f.patient_key) for event_id, f in state.valid() if f.patient_key]
    return max(keys)[2] if keys else None


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
    reached = milestones(state)
    attributes = latest_attributes(state)
    name, since = stage(reached)
    phi = state.phi if state.phi is not None and _stands(state, state.phi.event_id) else None
    at = {f"{milestone}_at": from_us(instant) for milestone, instant in reached.items()}
    at["scheduled_at"] = _instant(attributes.get("scheduled_at")) or at.get("scheduled_at")  # type: ignore[assignment]
    return WorklistRow(
        exam_id=state.exam_id,
        accession_number=text(attributes, "accession_number"),
        site=site_of(state),
        patient_key=latest_patient_key(state),
        modality=text(attributes, "modality"),
        procedure_code=text(attributes, "procedure_code"),
        procedure_name=text(attributes, "procedure_name"),
        priority=text(attributes, "priority"),
        patient_class=text(attributes, "patient_class"),
        location=text(attributes, "location"),
        study_instance_uid=text(attributes, "study_instance_uid"),
        phi=None if phi is None else phi.sealed,
        phi_event_id=None if phi is None else phi.event_id,
        stage=name,
        stage_since_at=_instant(since),
        series_count=int(attributes["series_count"]),
        instance_count=int(attributes["instance_count"]),
        unmatched=name == "unmatched",
        event_count=len(state.facts),
        last_occurred_at=from_us(max(fact.occurred_us for fact in state.facts.values())),
        last_recorded_at=from_us(max(fact.recorded_us for fact in state.facts.values())),
        **at,
    )


def _stands(state: ExamState, event_id: str) -> bool:
    return all(fact.corrects != event_id for fact in state.facts.values())
