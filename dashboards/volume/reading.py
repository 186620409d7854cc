"""From the rows of the questions to what was counted. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from dashboards.volume.counts import ALL, STEPS, Counts
from dashboards.volume.days import Days
from dashboards.volume.exams import Exams
from dashboards.volume.hours import Floats, Hours
from dashboards.volume.sql import MILESTONES

Row = Mapping[str, Any]
Number = TypeVar("Number", np.int64, np.uint64)

MOST_MODALITIES = 11
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Rows:
    """What the questions of `sql` answered: of exams of the weeks, and of the days before."""

    exams: Sequence[Row]
    days: Sequence[Row]


def modalities_of(rows: Rows) -> tuple[str, ...]:
    """ALL, then by name those that have the most exams; the rest are OTHER."""
    exams: Counter[str] = Counter()
    for row in rows.exams:
        exams[row["modality"]] += len(row["ordered"])
    for row in rows.days:
        exams[row["modality"]] += sum(row["counts"])
    most = sorted(sorted(exams), key=lambda name: -exams[name])[:MOST_MODALITIES]
    return (ALL, *sorted(most), *([OTHER] if len(exams) > len(most) else []))


def counts_of(rows: Rows, hours: Hours, now: int, modalities: Sequence[str]) -> Counts:
    """By hour; `now` is the place in `hours` of the first hour to come."""
    exams = _exams(rows.exams, now, modalities)
    steps, servers = exams.steps(), exams.servers()
    waiting, left, waiting_now = exams.queues()
    known, appointed = exams.expected(hours.count - now)
    begins = _begins(steps)
    since = Hours(hours.at(begins), hours.count - begins, hours.zone)
    there = slice(begins, None)
    return Counts(
        hours=since,
        now=now - begins,
        modalities=modalities,
        steps=steps[..., there],
        waiting=waiting[..., there],
        left=left[..., there],
        servers=servers[..., there],
        known=known[..., there],
        appointed=appointed,
        waiting_now=waiting_now,
    )


def days_of(rows: Rows, first: int, today: int, modalities: Sequence[str]) -> Days:
    """By day, from day `first` until before `today` (date.toordinal), without those before the first exam."""
    totals = _counted(rows.days, modalities, today - first)
    seen = np.flatnonzero(totals[:, 0].sum(axis=0))
    # The first day is seldom whole.
    begins = min(int(seen[0]) + 1, totals.shape[-1]) if len(seen) else totals.shape[-1]
    return Days(first + begins, totals[..., begins:])


class _Places:
    def __init__(self, modalities: Sequence[str]) -> None:
        self._places = {name: place for place, name in enumerate(modalities)}
        self._other = self._places.get(OTHER, 0)

    def __call__(self, row: Row) -> int:
        return self._places.get(row["modality"], self._other)


def _exams(rows: Sequence[Row], now: int, modalities: Sequence[str]) -> Exams:
    place_of = _Places(modalities)
    lengths = [len(row["ordered"]) for row in rows]
    return Exams(
        of=np.repeat(np.array([place_of(row) for row in rows], dtype=np.int64), lengths),
        places={name: _joined(rows, name, np.int64) for name in MILESTONES},
        scanner=_joined(rows, "scanner", np.uint64),
        reader=_joined(rows, "reader", np.uint64),
        modalities=len(modalities),
        now=now,
    )


def _joined(rows: Sequence[Row], name: str, kind: type[Number]) -> npt.NDArray[Number]:
    """A column of all exams, modality by modality."""
    nothing = np.zeros(0, dtype=kind)
    return np.concatenate([nothing, *(np.array(row[name], dtype=kind) for row in rows)])


def _counted(rows: Sequence[Row], modalities: Sequence[str], length: int) -> Floats:
    """(step, modality, day)."""
    place_of = _Places(modalities)
    counted = np.zeros((len(STEPS), len(modalities), length))
    for row in rows:
        np.add.at(counted[STEPS.index(row["what"]), place_of(row)], np.array(row["places"]), row["counts"])
    counted[:, 0] += counted[:, 1:].sum(axis=1)
    return counted


def _begins(steps: Floats) -> int:
    """The hour in which the first exam was, if there is any."""
    seen = np.flatnonzero(steps[:, 0].sum(axis=0))
    return int(seen[0]) if len(seen) else steps.shape[-1]
