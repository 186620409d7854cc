"""How right the last two weeks' forecasts would have been, each by what had been counted before it. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dashboards.backlog.clearing import fan
from dashboards.backlog.line import lines_of, pace_of
from dashboards.backlog.paths import paths_of
from dashboards.volume.counts import QUEUES, STEPS, Counts
from dashboards.volume.days import Days
from dashboards.volume.forecast import HOURS_TO_COME, LEAST_WEEKS, forecast
from dashboards.volume.hours import HOURS_OF_DAY, HOURS_OF_WEEK, Floats
from dashboards.volume.spread import LEVELS

DAYS_JUDGED = 14
# A forecast each so many hours: another hour of the day each time.
_EVERY_H = 25


@dataclass(frozen=True, slots=True)
class Judged:
    """Of one step or queue, all modalities together.

    hours: How many were judged. within: Share of them within P10 to P90. loss, naive_loss: pinball, mean over
    P10, P50 and P90, exams, ours and of the same hour of the last eight weeks; None of a queue.
    """

    what: str
    hours: int
    within: float
    loss: float
    naive_loss: float | None


def record(counts: Counts, days: Days) -> list[Judged]:
    """Of forecasts of the last DAYS_JUDGED days; empty where there is too little history for them."""
    last = counts.now - HOURS_TO_COME
    first = max(LEAST_WEEKS * HOURS_OF_WEEK, last - DAYS_JUDGED * HOURS_OF_DAY)
    within: dict[str, list[Floats]] = defaultdict(list)
    losses: dict[str, list[Floats]] = defaultdict(list)
    naive: dict[str, list[Floats]] = defaultdict(list)
    for place in range(first, last + 1, _EVERY_H):
        for what, came, ours, before in _judged_at(counts, days, place):
            within[what].append((came >= ours[0]) & (came <= ours[-1]))
            losses[what].append(_loss(came, ours))
            if before is not None:
                naive[what].append(_loss(came, before))
    return [
        Judged(
            what,
            sum(len(one) for one in found),
            float(np.mean(found)),
            float(np.mean(losses[what])),
            float(np.nanmean(naive[what])) if naive[what] else None,
        )
        for what, found in within.items()
    ]


def _judged_at(counts: Counts, days: Days, place: int) -> Iterator[tuple[str, Floats, Floats, Floats | None]]:
    """What came of what would have been said as the hour at `place` began: ranges, and the naive ones."""
    then = counts.until(place)
    today = int(counts.hours.day_numbers[place])
    volume = forecast(then, Days(days.first, days.totals[..., : max(0, today - days.first)]))
    there = slice(place, place + HOURS_TO_COME)
    for number, step in enumerate(STEPS):
        course = volume.hourly
        yield step, counts.steps[number, 0, there], course.ranges[:, number, 0], course.naive[:, number, 0]
    for line in lines_of(then):
        pace = pace_of(line)
        if pace is None:
            continue
        waited = counts.waiting[QUEUES.index(line.queue), line.place, place + 1 : place + 1 + HOURS_TO_COME]
        yield (
            line.queue,
            waited,
            fan(paths_of(line, pace, volume.hourly.expected[line.step, line.place])),
            None,
        )


def _loss(came: Floats, ranges: Floats) -> Floats:
    losses = [
        np.maximum(level * (came - found), (level - 1) * (came - found))
        for level, found in zip(LEVELS, ranges, strict=True)
    ]
    return np.asarray(np.mean(losses, axis=0))
