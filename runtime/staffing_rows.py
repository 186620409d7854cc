"""The rows of the what-if page: each interval as it was, and as the model has it, against targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from statistics import quantiles

from dashboards.cards import Json
from dashboards.interval_words import interval_words
from dashboards.what_if.staffing import Course
from processors.alerts.known_exam import KnownExam
from processors.alerts.targets import fits
from runtime.whole_courses import Whole
from schemas.parts import Target

INTERVALS = ("arrival_to_start", "report_turnaround")
_SIDES = ("measured", "present", "changed")
Took = Mapping[str, float]


def staffing_rows(
    exams: Sequence[Whole], sides: Sequence[Sequence[Took]], targets: Sequence[Target]
) -> Iterator[Json]:
    """Each interval of all exams and of each modality, by side: p50, p90 and the share that is late."""
    groups: dict[tuple[str, str], list[int]] = {("all", "all"): list(range(len(exams)))}
    for number, one in enumerate(exams):
        groups.setdefault(("modality", one.course.modality), []).append(number)
    due = [_due(one.course, targets) for one in exams]
    for interval in INTERVALS:
        for (by, value), numbers in groups.items():
            members = [number for number in numbers if interval in sides[0][number]]
            if members:
                figures = {
                    f"{name}_{figure}": told
                    for name, side in zip(_SIDES, sides, strict=True)
                    for figure, told in _figures(interval, members, side, due)
                }
                yield {**interval_words(interval), "by": by, "value": value, "exams": len(members), **figures}


def _figures(
    interval: str, members: Sequence[int], side: Sequence[Took], due: Sequence[Mapping[str, float]]
) -> Iterator[tuple[str, float | None]]:
    took = sorted(side[number][interval] for number in members)
    cuts = quantiles(took, n=10, method="inclusive") if len(took) > 1 else took * 9
    yield "p50_s", cuts[4]
    yield "p90_s", cuts[8]
    judged = [number for number in members if interval in due[number]]
    late = sum(side[number][interval] > due[number][interval] for number in judged)
    yield "late_share", late / len(judged) if judged else None


def _due(course: Course, targets: Sequence[Target]) -> dict[str, float]:
    found: dict[str, float] = {}
    exam = _known(course)
    for target in targets:
        if fits(target, exam):
            found.setdefault(target.interval, float(target.due_s))
    return found


def _known(course: Course) -> KnownExam:
    """What targets choose by, and nothing else."""
    return KnownExam(
        exam_id="",
        place=(0, 0, 0),
        accession_number=None,
        site=course.site,
        modality=course.modality or None,
        procedure_name=None,
        priority=course.priority,
        patient_class=course.patient_class or None,
        location=None,
        reached={},
        cancelled_us=None,
        is_elsewhere=False,
        last_us=int(course.arrived_at.astimezone(UTC).timestamp()),
    )
