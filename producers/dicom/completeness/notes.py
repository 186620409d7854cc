"""The spool's notes that completeness is told of: their facts as JSON has them, and back. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from producers.dicom.availability.reading import Availability
from producers.dicom.completeness.facts import (
    AssociationEnded,
    Fact,
    InstancesAvailable,
    ListenerRestarted,
    StepEnded,
)
from producers.dicom.mpps.step import PerformedStep
from producers.dicom.spool.spool import ASSOCIATION_ENDED, INSTANCES_AVAILABLE, LISTENER_STARTED, STEP_ENDED

Images = Mapping[str, tuple[str, ...]]


def association_note(association_id: str) -> dict[str, object]:
    """Facts of a note `association_ended`."""
    return {"association_id": association_id}


def step_note(step: PerformedStep) -> dict[str, object]:
    """Facts of a note `step_ended`."""
    studies = sorted({exam.study_instance_uid for exam in step.exams})
    return {"study_instance_uids": studies, "images": dict(step.images)}


def availability_note(availability: Availability) -> dict[str, object]:
    """Facts of a note `instances_available`."""
    return {"study_instance_uid": availability.study_instance_uid, "images": dict(availability.images)}


def fact_of_note(kind: str, facts: Mapping[str, Any], at: datetime) -> Fact | None:
    """What a note says; None where it is of another kind. at: now, by the clock of `stored_at`.

    Raises KeyError, ValueError or TypeError where the facts are none of that kind.
    """
    if kind == ASSOCIATION_ENDED:
        return AssociationEnded(str(facts["association_id"]), at)
    if kind == LISTENER_STARTED:
        return ListenerRestarted(at)
    if kind == STEP_ENDED:
        return StepEnded(tuple(facts["study_instance_uids"]), _images(facts), at)
    if kind == INSTANCES_AVAILABLE:
        return InstancesAvailable(str(facts["study_instance_uid"]), _images(facts), at)
    return None


def _images(facts: Mapping[str, Any]) -> Images:
    return {str(series): tuple(uids) for series, uids in dict(facts["images"]).items()}
