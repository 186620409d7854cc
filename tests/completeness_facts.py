"""Facts of one study that is told of image by image, and what a completeness that heard them says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from producers.dicom.completeness.completeness import Completeness
from producers.dicom.completeness.facts import (
    Complete,
    CompleteSeries,
    Fact,
    ImageArchived,
    StepEnded,
    StudyExam,
)

NOON = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
STUDY, CT, DOSE = "1.2.3", "1.2.3.1", "1.2.3.2"
EXAM = StudyExam(
    exam_id="NORTH|A1",
    accession_number="A1",
    patient_key=None,
    modality="CT",
    calling_ae_title="CT1",
    phi=None,
    phi_bound_to="1",
    first_at=NOON,
)


def at(seconds: float) -> datetime:
    """So long after noon."""
    return NOON + timedelta(seconds=seconds)


def image(
    number: int, series: str = CT, *, association: str = "a", seconds: float = 0, study: str = STUDY
) -> ImageArchived:
    """One of 100 bytes."""
    return ImageArchived(
        study_instance_uid=study,
        series_instance_uid=series,
        sop_instance_uid=f"{series}.{number}",
        size_bytes=100,
        modality="CT" if series == CT else "SR",
        association_id=association,
        stored_at=at(seconds),
        exam=EXAM,
    )


def uids(*numbers: int, series: str = CT) -> tuple[str, ...]:
    """The SOP Instance UIDs of `image`."""
    return tuple(f"{series}.{number}" for number in numbers)


def step(images: Mapping[str, tuple[str, ...]], *studies: str) -> StepEnded:
    """A performed step that is final."""
    return StepEnded(studies or (STUDY,), images, NOON)


def said(machine: Completeness, *facts: Fact, now: datetime = NOON) -> list[Complete]:
    """What is complete after the facts, with Kafka's acknowledgement."""
    for fact in facts:
        machine.told(fact)
    complete = machine.complete(now)
    for one in complete:
        machine.said(one)
    return complete


def brief(complete: Iterable[Complete]) -> list[tuple[str, int, str]]:
    """Of which series or study, how many images, by what."""
    return [
        (
            one.series_instance_uid if isinstance(one, CompleteSeries) else one.study_instance_uid,
            one.instance_count,
            one.completed_by,
        )
        for one in complete
    ]
