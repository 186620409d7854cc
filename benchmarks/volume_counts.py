"""A synthetic department's exams as counts by the hour, as at any hour of its history; no stack is needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import numpy as np

from dashboards.volume.counts import ALL, LEADS, Counts
from dashboards.volume.days import Days
from dashboards.volume.exams import Exams, Ids
from dashboards.volume.forecast import DAYS_TO_COME
from dashboards.volume.hours import HOURS_OF_DAY, HOURS_OF_WEEK, Floats, Hours
from dashboards.volume.sql import NEVER
from producers.simulator.exam import SimulatedExam, Step

_DAYS = 800
_OF_STEP = {
    "ordered": Step.ORDERED,
    "arrived": Step.ARRIVED,
    "started": Step.STARTED,
    "completed": Step.COMPLETED,
    "dictated": Step.DICTATED,
    "preliminary": Step.PRELIMINARY,
    "final": Step.FINAL,
    "cancelled": Step.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class CountedHistory:
    """Every hour of a history. The arrays are those of Counts and Days."""

    hours: Hours
    modalities: Sequence[str]
    steps: Floats
    waiting: Floats
    left: Floats
    servers: Floats
    known: Floats

    def before(self, place: int, weeks: int) -> tuple[Counts, Days]:
        """What was counted when the hour at `place` began, of at most `weeks` weeks and a year."""
        first = max(0, place - weeks * HOURS_OF_WEEK)
        to_come = (DAYS_TO_COME + 1) * HOURS_OF_DAY
        hours = Hours(self.hours.at(first), place - first + to_come, self.hours.zone)
        until = slice(first, place + 1)
        appointed = np.zeros((len(self.modalities), to_come))
        appointed[:, :LEADS] = self.known[..., place].T
        counts = Counts(
            hours,
            place - first,
            self.modalities,
            self.steps[..., first:place],
            self.waiting[..., until],
            self.left[..., first:place],
            self.servers[..., first:place],
            self.known[..., until],
            appointed,
            self.waiting[..., place],
        )
        today = int(self.hours.day_numbers[place])
        begins = max(int(self.hours.day_numbers[0]) + 1, today - _DAYS)
        return counts, Days(begins, self.days(begins, today))

    def days(self, begins: int, ends: int) -> Floats:
        """(step, modality, day) from day `begins` until before `ends` (date.toordinal)."""
        numbers = self.hours.day_numbers
        edges = np.searchsorted(numbers, np.arange(begins, ends + 1))
        sums = np.concatenate((np.zeros((*self.steps.shape[:2], 1)), self.steps.cumsum(axis=-1)), axis=-1)
        return np.asarray(np.diff(sums[..., edges], axis=-1))


def counted_history(
    exams: Iterable[SimulatedExam], first: datetime, until: datetime, zone: tzinfo
) -> CountedHistory:
    """The hours from `first`, a whole one, until `until`."""
    hours = Hours(first, int((until - first) / timedelta(hours=1)), zone)
    kept = list(exams)
    modalities = (ALL, *sorted({exam.modality for exam in kept}))
    at = {name: np.array([_place(exam.at(step), hours) for exam in kept]) for name, step in _OF_STEP.items()}
    at["scheduled"] = np.array([_place(exam.scheduled_for, hours) for exam in kept])
    counted = Exams(
        of=np.array([modalities.index(exam.modality) for exam in kept]),
        places=at,
        scanner=_ids([exam.scanner for exam in kept]),
        reader=_ids([exam.reader.code for exam in kept]),
        modalities=len(modalities),
        now=hours.count,
    )
    waiting, left, _ = counted.queues()
    known, _ = counted.expected(LEADS)
    return CountedHistory(hours, modalities, counted.steps(), waiting, left, counted.servers(), known)


def _place(at: datetime | None, hours: Hours) -> int:
    return NEVER if at is None else hours.place(at)


def _ids(names: Sequence[str]) -> Ids:
    return (np.unique(names, return_inverse=True)[1] + 1).astype(np.uint64)
