"""A synthetic department's exams as counts by the hour, as at any hour of its history; no stack is needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import numpy as np

from dashboards.volume.counts import ALL, LEADS, QUEUES, STEPS, Counts
from dashboards.volume.days import Days
from dashboards.volume.forecast import DAYS_TO_COME
from dashboards.volume.hours import HOURS_OF_DAY, HOURS_OF_WEEK, Floats, Hours, Ints
from dashboards.volume.sql import PATIENCE_H
from producers.simulator.exam import SimulatedExam, Step

_NEVER = 10**7
_DAYS = 800
_OF_STEP = (Step.ORDERED, Step.ARRIVED, Step.STARTED, Step.COMPLETED, Step.FINAL)


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
    of = np.array([modalities.index(exam.modality) for exam in kept])
    at = {step: np.array([_place(exam.at(step), hours) for exam in kept]) for step in Step}
    due = np.array([_place(exam.scheduled_for, hours) for exam in kept])
    add = _Adding(of, hours.count, len(modalities))
    steps = np.stack([add.counted(at[step]) for step in _OF_STEP])
    drafted = np.minimum(at[Step.DICTATED], at[Step.PRELIMINARY])
    ends = np.minimum(at[Step.FINAL], at[Step.CANCELLED])
    begun = np.minimum(at[Step.STARTED], np.minimum(at[Step.COMPLETED], at[Step.CANCELLED]))
    lines = {
        "scanner": (at[Step.ARRIVED], begun),
        "reading": (at[Step.COMPLETED], np.minimum(drafted, ends)),
        "signature": (drafted, ends),
    }
    waiting = np.stack([add.waiting(*lines[name], PATIENCE_H[name]) for name in QUEUES])
    left = np.stack([add.left(*lines[name], PATIENCE_H[name]) for name in QUEUES])
    readers = np.unique([exam.reader.code for exam in kept], return_inverse=True)[1]
    stations = np.unique([exam.scanner for exam in kept], return_inverse=True)[1]
    read = np.minimum(drafted, at[Step.FINAL])
    servers = np.zeros((len(QUEUES), len(modalities), hours.count))
    for place in range(1, len(modalities)):
        servers[0, place] = add.servers(np.where(of == place, at[Step.STARTED], -1), stations)
    servers[1, 0], servers[2, 0] = add.servers(read, readers), add.servers(at[Step.FINAL], readers)
    seen = np.minimum(at[Step.ARRIVED], begun)
    known = np.stack([add.known(due - lead, at[Step.ORDERED], seen) for lead in range(LEADS)])
    assert len(steps) == len(STEPS)  # noqa: S101 - both name the same five
    return CountedHistory(hours, modalities, steps, waiting, left, servers, known)


def _place(at: datetime | None, hours: Hours) -> int:
    return _NEVER if at is None else hours.place(at)


@dataclass(frozen=True, slots=True)
class _Adding:
    """Adds exams up by the hour; `of`: each one's place among the modalities."""

    of: Ints
    hours: int
    modalities: int

    def counted(self, places: Ints, weight: int = 1, length: int | None = None) -> Floats:
        """(modality, hour)."""
        found = np.zeros((self.modalities, length or self.hours))
        there = (places >= 0) & (places < found.shape[-1])
        np.add.at(found, (self.of[there], places[there]), weight)
        found[0] = found[1:].sum(axis=0)
        return found

    def waiting(self, since: Ints, until: Ints, patience_h: int) -> Floats:
        """How many waited as each hour began."""
        until = np.minimum(until, since + patience_h)
        waits = (since < _NEVER) & (until >= since)
        joined = self.counted(np.where(waits, np.maximum(since + 1, 0), -1), length=self.hours + 1)
        left = self.counted(np.where(waits, np.maximum(until + 1, 0), -1), length=self.hours + 1)
        return np.asarray((joined - left).cumsum(axis=-1))

    def left(self, since: Ints, until: Ints, patience_h: int) -> Floats:
        """How many left in each hour."""
        until = np.minimum(until, since + patience_h)
        return self.counted(np.where((since < _NEVER) & (until >= since), until, -1))

    def servers(self, places: Ints, who: Ints) -> Floats:
        """(hour): by how many of `who`."""
        there = (places >= 0) & (places < self.hours)
        pairs = np.unique(np.stack((places[there], who[there])), axis=1)
        return np.asarray(np.bincount(pairs[0], minlength=self.hours), dtype=np.float64)

    def known(self, at: Ints, ordered: Ints, seen: Ints) -> Floats:
        """How many were told of before the hour `at`, and had not been seen when it began."""
        return self.counted(np.where((ordered < at) & (seen >= at), at, -1), length=self.hours + 1)
