"""The backlog over held-out hours, beside how long the queue was in the same hours of the weeks before."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator

import numpy as np

from benchmarks.volume_counts import CountedHistory
from dashboards.backlog.clearing import Clearing, clearing
from dashboards.backlog.held_out import BANDS, HeldOut, came_closer, held_out
from dashboards.backlog.line import Line, pace_of
from dashboards.backlog.paths import Paths, few_now, paths_of
from dashboards.volume.counts import QUEUES, Counts
from dashboards.volume.forecast import HOURS_TO_COME, Volume
from dashboards.volume.hours import Floats
from dashboards.volume.spread import pinball

_PERCENT = 100.0
_BANDS = ("1-4h", "5-24h")
# Of four weeks, if one is made every 37 hours.
_KEPT = 18
Figures = tuple[dict[str, float], dict[str, float]]


class BacklogScores:
    """What was said of each queue and what came of it."""

    def __init__(self) -> None:
        self._ours: defaultdict[str, list[float]] = defaultdict(list)
        self._peer: defaultdict[str, list[float]] = defaultdict(list)
        self._cleared: defaultdict[str, list[float]] = defaultdict(list)
        # By queue and modality, the last weeks': what is told is chosen by them, as the page chooses.
        self._before: defaultdict[tuple[str, str], deque[HeldOut]] = defaultdict(lambda: deque(maxlen=_KEPT))

    def add(self, history: CountedHistory, place: int, counts: Counts, volume: Volume) -> None:
        """Of what was said when the hour at `place` began."""
        for one in self._held_out(history, place, counts, volume.hourly.expected):
            line = one.line
            before = self._before[line.queue, line.modality]
            told = one.told(came_closer(before))
            before.append(one)
            for found, ranges in ((self._ours, told), (self._peer, one.naive)):
                if ranges is not None:
                    for figure, value in _scored(one.came, ranges):
                        found[f"{figure}_{line.queue}"].append(value)
            self._add_clearing(one, volume.hourly.expected)

    def learn(self, history: CountedHistory, place: int, counts: Counts, expected: Floats) -> None:
        """By what would have been said then, and is not scored."""
        for one in self._held_out(history, place, counts, expected):
            self._before[one.line.queue, one.line.modality].append(one)

    def _held_out(
        self, history: CountedHistory, place: int, counts: Counts, expected: Floats
    ) -> Iterator[HeldOut]:
        def came(line: Line) -> Floats:
            waited = history.waiting[QUEUES.index(line.queue), line.place]
            return np.asarray(waited[place + 1 : place + 1 + HOURS_TO_COME])

        yield from held_out(counts, expected, came)

    def _add_clearing(self, one: HeldOut, expected: Floats) -> None:
        line, pace = one.line, pace_of(one.line)
        if pace is not None and line.now > few_now(line):
            paths = paths_of(line, pace, expected[line.step, line.place])
            told = clearing(line.now, few_now(line), paths)
            self._cleared[line.queue].append(_came_true(told, one.came, paths))

    def figures(self) -> Figures:
        """Ours and the peer's."""
        ours = {name: round(float(np.mean(values)), 3) for name, values in self._ours.items()}
        for queue, values in self._cleared.items():
            ours[f"clears_within_80_{queue}"] = round(float(np.mean(values)) * _PERCENT, 1)
            ours[f"backlogs_{queue}"] = float(len(values))
        return ours, {name: round(float(np.mean(values)), 3) for name, values in self._peer.items()}


def _scored(came: Floats, ranges: Floats) -> Iterator[tuple[str, float]]:
    yield "pinball_waiting", float(pinball(came, ranges).mean())
    for band, name in zip(BANDS, _BANDS, strict=True):
        yield f"pinball_waiting_{name}", float(pinball(came, ranges)[band].mean())
    yield "waiting_within_80", float(np.mean((came >= ranges[0]) & (came <= ranges[-1]))) * _PERCENT


def _came_true(told: Clearing, came: Floats, paths: Paths) -> float:
    """Whether the hour by which it had cleared was one of those that were said; beyond a day is never."""
    is_few = came <= paths.few
    hour = float(is_few.argmax() + 1) if is_few.any() else np.inf
    earliest, latest = (np.inf if hours is None else hours for hours in (told.hours[0], told.hours[-1]))
    return (
        float(np.floor(earliest) <= hour <= np.ceil(latest)) if np.isfinite(hour) else float(np.isinf(latest))
    )
