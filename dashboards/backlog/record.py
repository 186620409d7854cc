"""How right the last two weeks' forecasts would have been, each by what had been counted before it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from dashboards.backlog.held_out import Closer, HeldOut, came_closer, held_out
from dashboards.backlog.line import Line
from dashboards.volume.counts import QUEUES, STEPS, Counts
from dashboards.volume.days import Days
from dashboards.volume.forecast import HOURS_TO_COME, LEAST_WEEKS, Course, expected_hours, forecast
from dashboards.volume.hours import HOURS_OF_DAY, HOURS_OF_WEEK, Floats
from dashboards.volume.spread import pinball

DAYS_JUDGED = 14
# A forecast each so many hours: another hour of the day each time.
_EVERY_H = 25
# What is told of queues is chosen by as many weeks more.
_WEEKS_BEFORE = 2


@dataclass(frozen=True, slots=True)
class Judged:
    """Of one step or queue, all modalities together.

    hours: How many were judged. within: Share of them within P10 to P90. loss, naive_loss: pinball, mean over
    P10, P50 and P90, exams, ours and of the same hour of the last eight weeks; None where that is not known.
    """

    what: str
    hours: int
    within: float
    loss: float
    naive_loss: float | None


@dataclass(frozen=True, slots=True)
class Record:
    """judged: Of each step, then of each queue. closer: Which forecast is told of queues now."""

    judged: Sequence[Judged]
    closer: Closer


def record(counts: Counts, days: Days) -> Record:
    """Of forecasts of the last DAYS_JUDGED days; empty where there is too little history for them."""
    last = counts.now - HOURS_TO_COME
    least = LEAST_WEEKS * HOURS_OF_WEEK
    first = max(least, last - DAYS_JUDGED * HOURS_OF_DAY)
    before = (first - max(least, first - _WEEKS_BEFORE * HOURS_OF_WEEK)) // _EVERY_H
    scores = _Scores()
    made: dict[tuple[str, str], list[HeldOut]] = defaultdict(list)
    for place in range(first - before * _EVERY_H, last + 1, _EVERY_H):
        then, days_then = counts.until(place), _until(days, int(counts.hours.day_numbers[place]))
        if place < first:
            expected = expected_hours(then, days_then)
        else:
            course = forecast(then, days_then).hourly
            expected = course.expected
            scores.add_steps(counts.steps[:, 0, place : place + HOURS_TO_COME], course)
        for one in held_out(then, expected, partial(_came, counts, place)):
            of_queue = made[one.line.queue, one.line.modality]
            if place >= first:
                # As the page would have told it: by the forecasts of which had come what was to come.
                scores.add(one.line.queue, one.came, one.told(came_closer(of_queue)), one.naive)
            of_queue.append(one)
    return Record(scores.judged(), {name: came_closer(some) for name, some in made.items()})


def _came(counts: Counts, place: int, line: Line) -> Floats:
    """(hour): how many waited as each hour after that at `place` began."""
    waited = counts.waiting[QUEUES.index(line.queue), line.place]
    return np.asarray(waited[place + 1 : place + 1 + HOURS_TO_COME])


def _until(days: Days, today: int) -> Days:
    return Days(days.first, days.totals[..., : max(0, today - days.first)])


class _Scores:
    """What came within ranges, and losses, by step and queue."""

    def __init__(self) -> None:
        self._within: dict[str, list[Floats]] = defaultdict(list)
        self._losses: dict[str, list[Floats]] = defaultdict(list)
        self._naive: dict[str, list[Floats]] = defaultdict(list)

    def add_steps(self, came: Floats, course: Course) -> None:
        """came: (step, lead), of all modalities."""
        for number, step in enumerate(STEPS):
            self.add(step, came[number], course.ranges[:, number, 0], course.naive[:, number, 0])

    def add(self, what: str, came: Floats, told: Floats, naive: Floats | None) -> None:
        """(hour), and (levels, hour)."""
        self._within[what].append((came >= told[0]) & (came <= told[-1]))
        self._losses[what].append(pinball(came, told))
        if naive is not None:
            self._naive[what].append(pinball(came, naive))

    def judged(self) -> list[Judged]:
        """In the order in which they were added."""
        return [
            Judged(
                what,
                sum(len(one) for one in found),
                float(np.mean(found)),
                float(np.mean(self._losses[what])),
                float(np.nanmean(self._naive[what])) if self._naive[what] else None,
            )
            for what, found in self._within.items()
        ]
