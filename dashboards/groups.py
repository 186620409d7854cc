"""Percentiles of groups of exams, and how many of them kept their targets. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

_SHARES = (0.25, 0.5, 0.75, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Group:
    """The exams of one modality, priority, class and site: how long each took, and how long it might."""

    modality: str
    priority: str
    seconds: tuple[float, ...]
    target_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """One interval of a group of exams that ended on the day; seconds.

    modality, priority: None where the group has all of them.
    target_s: The target that all of the group have; None where they have several, or some have none.
    judged: How many have a target. kept: How many of these did not take longer.
    """

    modality: str | None
    priority: str | None
    exams: int
    p25_s: float
    p50_s: float
    p75_s: float
    p90_s: float
    p95_s: float
    target_s: float | None
    judged: int
    kept: int


@dataclass(frozen=True, slots=True)
class DayTurnaround:
    """One interval on one day: each modality, the one with the most exams first, and all together.

    priorities: each priority. cells: each modality with each priority.
    """

    day: date
    interval: str
    modalities: tuple[Percentiles, ...]
    priorities: tuple[Percentiles, ...]
    cells: tuple[Percentiles, ...]
    all: Percentiles | None


_Key = tuple[str | None, str | None]


def day_turnaround(day: date, interval: str, groups: Sequence[Group]) -> DayTurnaround:
    """The figures of `groups`, put together in each way that a page shows them."""
    whole = _by(groups, lambda _: (None, None))
    return DayTurnaround(
        day,
        interval,
        modalities=_by(groups, lambda group: (group.modality, None)),
        priorities=_by(groups, lambda group: (None, group.priority)),
        cells=_by(groups, lambda group: (group.modality, group.priority)),
        all=whole[0] if whole else None,
    )


def _by(groups: Iterable[Group], key: Callable[[Group], _Key]) -> tuple[Percentiles, ...]:
    found: dict[_Key, list[Group]] = {}
    for group in groups:
        if group.seconds:
            found.setdefault(key(group), []).append(group)
    figures = [_percentiles(name, members) for name, members in found.items()]
    return tuple(sorted(figures, key=lambda one: (-one.exams, one.modality or "", one.priority or "")))


def _percentiles(name: _Key, groups: Sequence[Group]) -> Percentiles:
    seconds = sorted(value for group in groups for value in group.seconds)
    p25, p50, p75, p90, p95 = (inclusive(seconds, share) for share in _SHARES)
    judged = [
        (value, group.target_s) for group in groups if group.target_s is not None for value in group.seconds
    ]
    targets = {group.target_s for group in groups}
    return Percentiles(
        modality=name[0],
        priority=name[1],
        exams=len(seconds),
        p25_s=p25,
        p50_s=p50,
        p75_s=p75,
        p90_s=p90,
        p95_s=p95,
        target_s=targets.pop() if len(targets) == 1 else None,
        judged=len(judged),
        kept=sum(value <= target for value, target in judged),
    )


def inclusive(ordered: Sequence[float], share: float) -> float:
    """The value that `share` of the `ordered` ones do not exceed, between two of them where it falls so.

    As ClickHouse's quantileExactInclusive and Excel's PERCENTILE.INC have it.
    """
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
