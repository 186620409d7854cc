"""What is usual in each hour of the week, from some weeks. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboards.volume.hours import HOURS_OF_DAY, HOURS_OF_WEEK, Floats, Ints

_WORKDAYS = 5
# How much of the course of a workday is that of all of them: each is tried, and the best is kept.
_SHARED = (0.0, 0.4, 0.8)
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True)
class Usual:
    """weekly: (…, 168). past: (…, hours), of each past hour by all others."""

    weekly: Floats
    past: Floats


def usual(counted: Floats, of_week: Ints, weight: Floats) -> Usual:
    """Of `counted` (…, hours), where `weight` (hours) says how much each hour tells; 0: nothing.

    Each hour of the week is drawn towards the course that all workdays have in common, by as much as would
    have told each week from the others best.
    """
    of_place = np.asarray(np.bincount(of_week, weight, HOURS_OF_WEEK), dtype=np.float64)
    weekly = _by_place(counted * weight, of_week) / np.where(of_place > 0, of_place, 1.0)
    in_common = _in_common(weekly)
    best: Usual | None = None
    least = np.inf
    for share in _SHARED:
        drawn = weekly + share * (in_common - weekly)
        own = _own_part(of_place, share)[of_week] * weight
        alone = Usual(drawn, _without_own(drawn[..., of_week], counted, own))
        missed = float((((counted - alone.past) ** 2) * weight).sum())
        if best is None or missed < least:
            best, least = alone, missed
    assert best is not None  # noqa: S101 - _SHARED is not empty
    return best


def _own_part(of_place: Floats, share: float) -> Floats:
    """(168): by how much what is usual moves with one more exam in one hour of weight 1."""
    work = _WORKDAYS * HOURS_OF_DAY
    in_common = of_place.copy()
    in_common[:work] = np.tile(of_place[:work].reshape(_WORKDAYS, HOURS_OF_DAY).sum(axis=0), _WORKDAYS)
    alone, together = (1 / np.where(total > 0, total, 1.0) for total in (of_place, in_common))
    return alone + share * (together - alone)


def _without_own(fitted: Floats, counted: Floats, own: Floats) -> Floats:
    """What each hour would have been told by all others; by all hours alike where no other tells of it."""
    is_alone = own > 1 - _NOTHING
    others = (fitted - own * counted) / np.where(is_alone, 1.0, 1 - own)
    return np.maximum(np.where(is_alone, counted.mean(axis=-1, keepdims=True), others), 0.0)


def _by_place(counted: Floats, of_week: Ints) -> Floats:
    """(…, 168): sums by place in the week."""
    found = np.zeros((*counted.shape[:-1], HOURS_OF_WEEK))
    order = np.argsort(of_week, kind="stable")
    places, begins = np.unique(of_week[order], return_index=True)
    found[..., places] = np.add.reduceat(counted[..., order], begins, axis=-1)
    return found


def _in_common(weekly: Floats) -> Floats:
    """Each workday with its own total and the course of all of them; the weekend as it is."""
    days = weekly.reshape(*weekly.shape[:-1], HOURS_OF_WEEK // HOURS_OF_DAY, HOURS_OF_DAY).copy()
    work = days[..., :_WORKDAYS, :]
    total = work.sum(axis=(-1, -2), keepdims=True)
    course = work.sum(axis=-2, keepdims=True) / np.where(total > 0, total, 1.0)
    days[..., :_WORKDAYS, :] = work.sum(axis=-1, keepdims=True) * course
    return days.reshape(weekly.shape)
