"""Milestones: which step gives which instant, and how the stage follows from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from processors.standing import Standing

# Milestone by the step (event class) that states it.
MILESTONE_OF_STEP: Mapping[str, str] = {
    "OrderPlaced": "ordered",
    "ExamProtocolled": "protocolled",
    "ExamScheduled": "scheduled",
    "ExamRescheduled": "scheduled",
    "PatientArrived": "arrived",
    "PatientPrepared": "prepared",
    "PatientEnteredRoom": "entered_room",
    "PatientLeftRoom": "left_room",
    "AcquisitionStarted": "started",
    "FirstImageAcquired": "first_acquired",
    "AcquisitionCompleted": "completed",
    "FirstImageStored": "first_image",
    "ImagesStored": "stored",
    "StudyStored": "study_stored",
    "StorageCommitted": "committed",
    "AnalysisStarted": "analysis_started",
    "AnalysisCompleted": "analysed",
    "ExamOpened": "opened",
    "InterpretationStarted": "interpretation_started",
    "DictationStarted": "dictation_started",
    "ReportDictated": "dictated",
    "PreliminaryReportPublished": "preliminary",
    "FinalReportPublished": "final",
    "ReportCorrected": "corrected",
    "ReportDelivered": "delivered",
    "ReportViewed": "viewed",
    "ReportAcknowledged": "acknowledged",
    "CriticalNotificationAttempted": "critical_attempted",
    "CriticalResultNotified": "critical_notified",
    "CriticalResultAcknowledged": "critical_acknowledged",
    "OrderCancelled": "cancelled",
    "AcquisitionDiscontinued": "cancelled",
}
# Cancellation is not reached by a step alone: `taken_back` says when.
COUNTED = {step: name for step, name in MILESTONE_OF_STEP.items() if name != "cancelled"}
_FROM_IMAGES = frozenset(
    {"first_image", "stored", "study_stored", "committed", "analysis_started", "analysed"}
)
# What images that came under another exam_id say of the exam that they belong to.
_RECONCILED = (("first_image", "first_image_at"), ("stored", "stored_at"))


class Span(NamedTuple):
    """When a milestone was reached first and last, microseconds since the epoch."""

    first_us: int
    last_us: int


Milestones = Mapping[str, Span]

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


def milestones(stands: Standing) -> dict[str, Span]:
    """The first and the last instant of each milestone that was reached and not taken back."""
    reached: dict[str, Span] = {}
    not_after = stands.taken_back.not_after
    for step, facts in stands.own.by_step.items():
        name = COUNTED.get(step)
        if name is None:
            continue
        if name in not_after:
            facts = [fact for fact in facts if stands.taken_back.counts(name, fact)]  # noqa: PLW2901 - fewer of them
        if facts:
            _widen(reached, name, facts[0].occurred_us, facts[-1].occurred_us)
    for name, instant in _reconciled(stands):
        _widen(reached, name, instant, instant)
    cancelled_us = stands.taken_back.cancelled_us
    if cancelled_us is not None:
        reached["cancelled"] = Span(cancelled_us, cancelled_us)
    if "study_stored" in reached and stands.images.is_complete is False:
        del reached["study_stored"]  # an image came later: the study is open again
    return reached


def _widen(reached: dict[str, Span], name: str, first_us: int, last_us: int) -> None:
    known = reached.get(name)
    if known is None:
        reached[name] = Span(first_us, last_us)
    else:
        reached[name] = Span(min(known.first_us, first_us), max(known.last_us, last_us))


def _reconciled(stands: Standing) -> Iterator[tuple[str, int]]:
    for facts in stands.reconciliation.images.values():
        for fact in facts:
            for name, at in _RECONCILED:
                if at in fact.attributes:
                    yield name, int(fact.attributes[at])


def stage(reached: Milestones) -> tuple[str, int | None]:
    """The stage that an exam with these milestones is in, and since when."""
    if reached and _FROM_IMAGES.issuperset(reached):
        return "unmatched", min(span.first_us for span in reached.values())
    name, needed = next((name, needed) for name, needed in _STAGES if needed <= reached.keys())
    since = max((reached[milestone].first_us for milestone in needed), default=None)
    if since is None and "ordered" in reached:
        since = reached["ordered"].first_us
    return name, since
