"""What was measured of a day, as it was known: from the intervals of its exams. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from dashboards.choice import Chosen
from schemas.views import TurnaroundRow

ROUTINE = "ROUTINE"


@dataclass(frozen=True, slots=True)
class Ended:
    """One interval of one exam. seconds: None where it is not measured, though both ends are known."""

    exam: TurnaroundRow
    interval: str
    start_at: datetime
    end_at: datetime
    seconds: float | None
    excluded_reason: str = ""

    @property
    def group(self) -> tuple[str, str, str, str]:
        """Modality, priority, patient class and site, as groups of exams have them."""
        exam = self.exam
        return exam.modality or "", exam.priority or ROUTINE, exam.patient_class or "", exam.site


def ended(
    exams: Iterable[TurnaroundRow], intervals: Iterable[str], start: datetime, end: datetime, chosen: Chosen
) -> Iterator[Ended]:
    """What ended from `start` until before `end` of the exams that are `chosen`."""
    wanted = frozenset(intervals)
    for exam in exams:
        if not _is_chosen(exam, chosen):
            continue
        for one in exam.intervals:
            if one.name in wanted and start <= one.end_at < end:
                yield Ended(exam, one.name, one.start_at, one.end_at, one.seconds)
        for out in exam.excluded or ():
            if out.name in wanted and start <= out.end_at < end:
                yield Ended(exam, out.name, out.start_at, out.end_at, None, out.reason)


def _is_chosen(exam: TurnaroundRow, chosen: Chosen) -> bool:
    return (
        chosen.site in ("", exam.site)
        and chosen.modality in ("", exam.modality)
        and chosen.priority in ("", exam.priority or ROUTINE)
        and chosen.patient_class in ("", exam.patient_class)
    )
