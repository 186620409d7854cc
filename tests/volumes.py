"""Counts of made-up departments, for the forecasts of volume and backlog."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo

import numpy as np
from hypothesis import strategies as st

from dashboards.volume.counts import LEADS, QUEUES, STEPS, Counts
from dashboards.volume.days import Days
from dashboards.volume.forecast import DAYS_TO_COME
from dashboards.volume.hours import HOURS_OF_DAY, HOURS_OF_WEEK, Floats, Hours

MODALITIES = ("all", "CT", "MR")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def counts_of(steps: Floats, *, first: datetime = MONDAY, zone: tzinfo = UTC) -> Counts:
    """A department of which `steps` (step, modality, hour) were counted; nobody waits, nobody is expected."""
    now = steps.shape[-1]
    to_come = (DAYS_TO_COME + 1) * HOURS_OF_DAY
    return Counts(
        hours=Hours(first, now + to_come, zone),
        now=now,
        modalities=MODALITIES,
        steps=steps,
        waiting=np.zeros((len(QUEUES), len(MODALITIES), now + 1)),
        left=np.zeros((len(QUEUES), len(MODALITIES), now)),
        servers=np.zeros((len(QUEUES), len(MODALITIES), now)),
        known=np.zeros((LEADS, len(MODALITIES), now + 1)),
        appointed=np.zeros((len(MODALITIES), to_come)),
        waiting_now=np.zeros((len(QUEUES), len(MODALITIES))),
    )


def days_of(counts: Counts) -> Days:
    """The whole days of the same hours."""
    numbers = counts.hours.day_numbers
    first, today = int(numbers[0]) + 1, int(numbers[counts.now])
    past = counts.steps
    sums = [past[..., numbers[: counts.now] == day].sum(axis=-1) for day in range(first, today)]
    return Days(first, np.stack(sums, axis=-1) if sums else np.zeros((*past.shape[:2], 0)))


def weekly(weeks: int, of_hour: float = 10.0, seed: int = 1) -> Floats:
    """(step, modality, hour): busy by day, quiet at night and on weekends, by chance (Poisson)."""
    hours = np.arange(weeks * HOURS_OF_WEEK)
    by_day = np.where((hours % HOURS_OF_DAY >= 8) & (hours % HOURS_OF_DAY < 18), of_hour, of_hour / 10)
    means = np.where(hours // HOURS_OF_DAY % 7 < 5, by_day, by_day / 4)
    found = np.random.default_rng(seed).poisson(means, (len(STEPS), len(MODALITIES), len(hours)))
    return with_all(found.astype(np.float64))


def with_all(steps: Floats) -> Floats:
    """The same with the first modality as the sum of the others."""
    steps[:, 0] = steps[:, 1:].sum(axis=1)
    return steps


@st.composite
def histories(draw: st.DrawFn) -> Floats:
    """(step, modality, hour): any history of up to five weeks: empty, with gaps, with bursts."""
    hours = draw(st.integers(0, 5 * HOURS_OF_WEEK))
    random = np.random.default_rng(draw(st.integers(0, 1_000)))
    mean = draw(st.sampled_from([0.0, 0.05, 1.0, 40.0, 3_000.0]))
    found = random.poisson(mean, (len(STEPS), len(MODALITIES), hours)).astype(np.float64)
    for _ in range(draw(st.integers(0, 3))):
        begins = draw(st.integers(0, max(0, hours - 1)))
        lasts = draw(st.integers(1, 10 * HOURS_OF_DAY))
        found[..., begins : begins + lasts] *= draw(st.sampled_from([0, 0, 20]))
    return with_all(found)
