"""Dues: until when a milestone has to come, by the targets of the intervals that end with it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from processors.alerts.known_exam import KnownExam
from processors.alerts.targets import JUDGED, fits
from processors.predictions.exam import PREDICTED, ForecastExam
from schemas.parts import Target

_SECOND_US = 1_000_000
_SPECS = tuple((spec.name, spec.start, spec.end) for spec in JUDGED.values() if spec.end in PREDICTED)


class Due(NamedTuple):
    """The interval that is due first of those that end with a milestone, when, and by which target."""

    due_us: int
    interval: str
    target: Target


InForce = Callable[[int], Sequence[Target]]
"""The targets by which an interval is judged that began at that instant, microseconds since the epoch."""


def dues(exam: ForecastExam, in_force: InForce) -> Mapping[str, Due]:
    """By milestone, of those to come: the first that is due. An interval that has not begun is not."""
    coming, known = exam.coming, _known(exam)
    found: dict[str, Due] = {}
    for interval, start, end in _SPECS:
        start_us = exam.reached.get(start)
        if end not in coming or start_us is None:
            continue
        fitting = (one for one in in_force(start_us) if one.interval == interval and fits(one, known))
        target = next(fitting, None)
        if target is not None:
            due = Due(start_us + target.due_s * _SECOND_US, interval, target)
            found[end] = min(found.get(end, due), due, key=lambda one: (one.due_us, one.interval))
    return found


def _known(exam: ForecastExam) -> KnownExam:
    return KnownExam(
        exam_id=exam.exam_id,
        place=(0, 0, 0),
        accession_number=None,
        site=exam.site,
        modality=exam.modality or None,
        procedure_name=None,
        priority=exam.priority or None,
        patient_class=exam.patient_class or None,
        location=None,
        reached=exam.reached,
        cancelled_us=None,
        is_elsewhere=False,
        last_us=0,
    )
