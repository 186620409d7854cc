"""From the rows of the questions to what was counted. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboards.volume.counts import ALL, LEADS, QUEUES, STEPS, Counts
from dashboards.volume.days import Days
from dashboards.volume.hours import Floats, Hours

Row = Mapping[str, Any]

MOST_MODALITIES = 11
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Rows:
    """What the questions of `sql` answered."""

    steps: Sequence[Row]
    waiting: Sequence[Row]
    servers: Sequence[Row]
    waiting_now: Sequence[Row]
    known: Sequence[Row]
    days: Sequence[Row]


def modalities_of(rows: Rows) -> tuple[str, ...]:
    """ALL, then by name those that have the most exams; the rest are OTHER."""
    exams: Counter[str] = Counter()
    for row in (*rows.steps, *rows.days):
        exams[row["modality"]] += sum(row["counts"])
    most = sorted(sorted(exams), key=lambda name: -exams[name])[:MOST_MODALITIES]
    return (ALL, *sorted(most), *([OTHER] if len(exams) > len(most) else []))


def counts_of(rows: Rows, hours: Hours, now: int, modalities: Sequence[str]) -> Counts:
    """By hour; `now` is the place in `hours` of the first hour to come."""
    place_of = _Places(modalities)
    steps = _counted(rows.steps, STEPS, modalities, now)
    joins = _counted(rows.waiting, QUEUES, modalities, now + 1, "joins")
    leaves = _counted(rows.waiting, QUEUES, modalities, now + 1, "leaves")
    servers = _counted(rows.servers, QUEUES, modalities, now)
    known = np.zeros((LEADS, len(modalities), now + 1))
    appointed = np.zeros((len(modalities), hours.count - now))
    for row in rows.known:
        _expect(row, place_of(row), now, known, appointed)
    for counted in (known, appointed):
        _add_all(counted)
    waiting, left = (joins - leaves).cumsum(axis=-1), leaves[..., 1:]
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
        waiting_now=_waiting_now(rows.waiting_now, modalities),
    )


def days_of(rows: Rows, first: int, today: int, modalities: Sequence[str]) -> Days:
    """By day, from day `first` until before `today` (date.toordinal), without those before the first exam."""
    totals = _counted(rows.days, STEPS, modalities, today - first)
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


def _counted(
    rows: Sequence[Row], names: Sequence[str], modalities: Sequence[str], length: int, what: str = "counts"
) -> Floats:
    """(name, modality, place)."""
    place_of = _Places(modalities)
    counted = np.zeros((len(names), len(modalities), length))
    for row in rows:
        np.add.at(counted[names.index(row["what"]), place_of(row)], np.array(row["places"]), row[what])
    _add_all(counted)
    return counted


def _waiting_now(rows: Sequence[Row], modalities: Sequence[str]) -> Floats:
    place_of = _Places(modalities)
    waiting = np.zeros((len(QUEUES), len(modalities)))
    for row in rows:
        waiting[QUEUES.index(row["what"]), place_of(row)] += row["exams"]
    waiting[:, 0] = waiting[:, 1:].sum(axis=-1)
    return waiting


def _expect(row: Row, modality: int, now: int, known: Floats, appointed: Floats) -> None:
    """Who was expected, by those hours before that had been told of it and had not seen them come."""
    place, ahead, early = (np.array(row[name]) for name in ("places", "aheads", "earlies"))
    exams = np.array(row["counts"], dtype=np.float64)
    for lead in range(LEADS):
        counts = (early <= lead) & (ahead > lead) & (place - lead <= now) & (place >= lead)
        np.add.at(known[lead, modality], place[counts] - lead, exams[counts])
    to_come = (place >= now) & (early < 0)
    np.add.at(appointed[modality], place[to_come] - now, exams[to_come])


def _begins(steps: Floats) -> int:
    """The hour in which the first exam was, if there is any."""
    seen = np.flatnonzero(steps[:, 0].sum(axis=0))
    return int(seen[0]) if len(seen) else steps.shape[-1]


def _add_all(counted: Floats) -> None:
    """Into the place of ALL, the first of the last but one axis."""
    counted[..., 0, :] += counted[..., 1:, :].sum(axis=-2)
