"""Milestones: which step gives which instant, and how the stage follows from them."""

from __future__ import annotations

from collections.abc import Mapping

from processors.exam_state import ExamState

# Milestone by the step (event class) that states it; the first that was said counts.
MILESTONE_OF_STEP: Mapping[str, str] = {
    "OrderPlaced": "ordered",
    "ExamScheduled": "scheduled",
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


def milestones(state: ExamState) -> dict[str, int]:
    """The earliest instant of each milestone that was reached, microseconds since the epoch."""
    reached: dict[str, int] = {}
    for _, fact in state.valid():
        name = MILESTONE_OF_STEP.get(fact.step)
        if name is not None and fact.occurred_us < reached.get(name, fact.occurred_us + 1):
            reached[name] = fact.occurred_us
    return reached


def stage(reached: Milestones) -> tuple[str, int | None]:
    """The stage that an exam with these milestones is in, and since when."""
    if reached and _FROM_IMAGES.issuperset(reached):
        return "unmatched", min(reached.values())
    name, needed = next((name, needed) for name, needed in _STAGES if needed <= reached.keys())
    since = max((reached[milestone] for milestone in needed), default=reached.get("ordered"))
    return name, since
