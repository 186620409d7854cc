"""The backlog over held-out hours, beside how long the queue was in the same hours of the weeks before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from benchmarks.volume_counts import CountedHistory
from dashboards.backlog.clearing import Clearing, clearing, fan
from dashboards.backlog.line import lines_of, pace_of
from dashboards.backlog.paths import Paths, paths_of
from dashboards.backlog.told import few_now
from dashboards.volume.counts import QUEUES, Counts
from dashboards.volume.forecast import HOURS_TO_COME, Volume
from dashboards.volume.hours import HOURS_OF_WEEK, Floats
from dashboards.volume.spread import LEVELS

_PERCENT = 100.0
_WEEKS = 8
Figures = tuple[dict[str, float], dict[str, float]]


class BacklogScores:
    """What was said of each queue and what came of it."""

    def __init__(self) -> None:
        self._ours: defaultdict[str, list[float]] = defaultdict(list)
        self._peer: defaultdict[str, list[float]] = defaultdict(list)
        self._cleared: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, history: CountedHistory, place: int, counts: Counts, volume: Volume) -> None:
        """Of what was said when the hour at `place` began."""
        for line in lines_of(counts):
            pace = pace_of(line)
            if pace is None:
                continue
            paths = paths_of(line, pace, volume.hourly.expected[line.step, line.place])
            of_queue = history.waiting[QUEUES.index(line.queue), line.place]
            came = of_queue[place + 1 : place + 1 + HOURS_TO_COME]
            before = np.stack(
                [of_queue[place + 1 - week * HOURS_OF_WEEK :][:HOURS_TO_COME] for week in _back()]
            )
            naive = np.quantile(before, LEVELS, axis=0)
            for found, ranges in ((self._ours, fan(paths)), (self._peer, naive)):
                for figure, value in _scored(came, ranges):
                    found[f"{figure}_{line.queue}"].append(value)
            told = clearing(line.now, few_now(line), paths)
            if not told.is_clear:
                self._cleared[line.queue].append(_came_true(told, came, paths))

    def figures(self) -> Figures:
        """Ours and the peer's."""
        ours = {name: round(float(np.mean(values)), 3) for name, values in self._ours.items()}
        for queue, values in self._cleared.items():
            ours[f"clears_within_80_{queue}"] = round(float(np.mean(values)) * _PERCENT, 1)
            ours[f"backlogs_{queue}"] = float(len(values))
        return ours, {name: round(float(np.mean(values)), 3) for name, values in self._peer.items()}


def _back() -> range:
    return range(1, _WEEKS + 1)


def _scored(came: Floats, ranges: Floats) -> Iterator[tuple[str, float]]:
    losses = [
        np.maximum(level * (came - found), (level - 1) * (came - found))
        for level, found in zip(LEVELS, ranges, strict=True)
    ]
    yield "pinball_waiting", float(np.mean(losses))
    yield "waiting_within_80", float(np.mean((came >= ranges[0]) & (came <= ranges[-1]))) * _PERCENT


def _came_true(told: Clearing, came: Floats, paths: Paths) -> float:
    """Whether the hour by which it had cleared was one of those that were said; beyond a day is never."""
    is_few = came <= paths.few
    hour = float(is_few.argmax() + 1) if is_few.any() else np.inf
    earliest, latest = (np.inf if hours is None else hours for hours in (told.hours[0], told.hours[-1]))
    return (
        float(np.floor(earliest) <= hour <= np.ceil(latest)) if np.isfinite(hour) else float(np.isinf(latest))
    )
