"""Milestones: which step gives which instant, and how the stage follows from them."""

from __future__ import annotations

from collections.abc import Mapping

from processors.standing import Standing

# Milestone by the step (event class) that states it; the first that was said counts.
MILESTONE_OF_STEP: Mapping[str, str] = {
    "OrderPlaced": "ordered",
    "ExamScheduled": "scheduled",
    "ExamRescheduled": "scheduled",
    "PatientArrived": "arrived",
    "AcquisitionStarted": "started",
    "AcquisitionCompleted": "completed",
    "FirstImageStored": "first_image",
    "ImagesStored": "stored",
    "ReportDictated": "dictated",
    "PreliminaryReportPublished": "preliminary",
    "FinalReportPublished": "final",
    "ReportCorrected": "corrected",
    "OrderCancelled": "cancelled",
    "AcquisitionDiscontinued": "cancelled",
}
_FROM_IMAGES = frozenset({"first_image", "stored"})
# What images that came under another exam_id say of the exam that they belong to.
_RECONCILED = (("first_image", "first_image_at"), ("stored", "stored_at"))

Milestones = Mapping[str, int]

# Stage by the milestones that it needs; the first line whose milestones were all reached counts, and it
# is entered with the last of them. Steps go missing in every department: later ones imply earlier ones.
_STAGES: tuple[tuple[str, frozenset[str]], ...] = (
    ("final", frozenset({"final"})),
    ("preliminary", frozenset({"preliminary"})),
    ("dictated", frozenset({"dictated"})),
    ("cancelled", frozenset({"cancelled"})),
    ("stored", frozenset({"completed", "stored"})),
    ("acquired", frozenset({"completed"})),
    ("in_progress", frozenset({"started"})),
    ("stored", frozenset({"stored"})),
    ("in_progress", frozenset({"first_image"})),
    ("arrived", frozenset({"arrived"})),
    ("scheduled", frozenset({"scheduled"})),
    ("ordered", frozenset()),
)


def milestones(stands: Standing) -> dict[str, int]:
    """The earliest instant of each milestone that was reached, microseconds since the epoch."""
    said = [(MILESTONE_OF_STEP.get(fact.step), fact.occurred_us) for _, fact in stands.own]
    for facts in stands.reconciliation.images.values():
        for fact in facts:
            said += [(name, int(fact.attributes[at])) for name, at in _RECONCILED if at in fact.attributes]
    reached: dict[str, int] = {}
    for name, instant in said:
        if name is not None and instant < reached.get(name, instant + 1):
            reached[name] = instant
    return reached


def stage(reached: Milestones) -> tuple[str, int | None]:
    """The stage that an exam with these milestones is in, and since when."""
    if reached and _FROM_IMAGES.issuperset(reached):
        return "unmatched", min(reached.values())
    name, needed = next((name, needed) for name, needed in _STAGES if needed <= reached.keys())
    since = max((reached[milestone] for milestone in needed), default=reached.get("ordered"))
    return name, since
