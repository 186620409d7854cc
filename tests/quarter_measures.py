"""The intervals of the quarter's exams, groups, percentiles: without SQL, and without the fold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from tests.quarter_story import Quarter, Story, in_period, local

Row = dict[str, Any]
DOUBTFUL = frozenset({"started", "completed", "final"})
"""Milestones that are not measured from or to where the scanner's clock is ahead."""


def percentile(values: Iterable[float], share: float) -> float | None:
    """With linear interpolation between the two nearest."""
    ranked = sorted(values)
    if not ranked:
        return None
    place = (len(ranked) - 1) * share
    below = int(place)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (ranked[above] - ranked[below]) * (place - below)


def minutes(story: Story, start: str, end: str) -> float | None:
    """A measured interval of an exam."""
    begins, ends = getattr(story, start), getattr(story, end)
    if begins is None or ends is None or (story.clock_fault and DOUBTFUL & {start, end}):
        return None
    return float((ends - begins).total_seconds()) / 60


def measured(
    quarter: Quarter, start: str, end: str, within: str, wanted: Callable[[Story], bool] = lambda _: True
) -> list[tuple[Story, float]]:
    """The exams whose interval counts, by the instant that lies in the quarter."""
    return [
        (story, taken)
        for story in quarter.stories
        if (taken := minutes(story, start, end)) is not None
        and in_period(getattr(story, within))
        and wanted(story)
    ]


def grouped(items: Iterable[Any], key: Callable[[Any], Any]) -> list[tuple[Any, list[Any]]]:
    """In the order of the keys."""
    groups: dict[Any, list[Any]] = defaultdict(list)
    for item in items:
        groups[key(item)].append(item)
    return sorted(groups.items())


def of(pairs: Iterable[tuple[Story, float]]) -> list[float]:
    """Their minutes."""
    return [taken for _, taken in pairs]


def percent(part: int, whole: int) -> float:
    """Of a hundred."""
    return 100 * part / whole


def month(at: datetime | None) -> str:
    """Its first day."""
    assert at is not None
    return local(at).date().replace(day=1).isoformat()
