"""What the state of the department says of the next hours, beyond what is usual. Pure.

The departures from what is usual, of those who are expected, of the queues and of the last hour, move what is
to come; by how much, the weeks before say (weighted least squares, drawn to nothing where they say little).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboards.volume.counts import STEPS, Counts
from dashboards.volume.hours import HOURS_OF_DAY, Floats, Ints
from dashboards.volume.weekly import Usual

_ARRIVED = STEPS.index("arrived")
# As if so many hours had been seen in which nothing moved anything.
_DOUBT_H = 15.0


@dataclass(frozen=True, slots=True)
class Departures:
    """By how much all was other than usual; as Counts has it, the last place of waiting and known is now."""

    steps: Floats
    waiting: Floats
    known: Floats
    last_day: Floats


def departures(counts: Counts, of: Sequence[Usual], waiting: Usual, known: Usual) -> Departures:
    """`of`: what is usual of each step."""
    now, of_week = counts.now, counts.hours.of_week
    steps = np.stack([counts.steps[number] - one.past for number, one in enumerate(of)])
    at_now = int(of_week[now])
    waits = np.concatenate(
        (counts.waiting[..., :now] - waiting.past, _now(counts.waiting, waiting, now, at_now)), axis=-1
    )
    expected = np.concatenate(
        (counts.known[..., :now] - known.past, _now(counts.known, known, now, at_now)), axis=-1
    )
    came = np.concatenate((np.zeros((steps.shape[1], 1)), steps[_ARRIVED].cumsum(axis=-1)), axis=-1)
    last_day = np.zeros_like(came)
    last_day[:, HOURS_OF_DAY:] = came[:, HOURS_OF_DAY:] - came[:, :-HOURS_OF_DAY]
    return Departures(steps, waits, expected, last_day)


def _now(counted: Floats, one: Usual, now: int, at_now: int) -> Floats:
    return np.asarray(counted[..., now] - one.weekly[..., at_now])[..., None]


def moved(step: int, lead: int, found: Departures, past: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """What is expected of `step` (its place in STEPS) `lead` hours after the beginning of an hour.

    past: (modality, hour), what is usual. weight: (hour). First (modality, hour): by what was known `lead`
    hours before each past hour; NaN where that lies before the first. Then (modality): how far the hour to
    come is from what is usual.
    """
    hours = past.shape[-1]
    at = np.arange(HOURS_OF_DAY, hours - lead)
    there = at + lead
    seen = np.stack(_seen(step, lead, found, at), axis=-1)
    now = np.stack(_seen(step, lead, found, np.array([hours])), axis=-1)[:, 0]
    weights = weight[there] / np.sqrt(past[:, there] + 0.5)
    told = seen * weights[..., None]
    missed = found.steps[step][:, there] * weights
    turned = np.swapaxes(told, 1, 2)
    inner = turned @ told
    scale = np.einsum("mff->mf", inner) / max(1, len(at))
    inner += np.eye(inner.shape[-1]) * (scale * _DOUBT_H + 1e-6)[:, None, :]
    moves = np.linalg.solve(inner, turned @ missed[..., None])
    expected = np.full(past.shape, np.nan)
    expected[:, there] = past[:, there] + (seen @ moves)[..., 0]
    return expected, (now[:, None] @ moves)[:, 0, 0]


def _seen(step: int, lead: int, found: Departures, at: Ints) -> list[Floats]:
    """What could be seen as the hours at `at` began, each (modality, hours)."""
    nothing = np.zeros((found.steps.shape[1], len(at)))
    return [
        found.known[lead][:, at],
        found.known[lead - 1][:, at] if lead else nothing,
        found.known[: max(0, lead - 1)][..., at].sum(axis=0),
        *found.waiting[..., at],
        found.last_day[:, at],
        found.steps[step][:, at - 1],
    ]
