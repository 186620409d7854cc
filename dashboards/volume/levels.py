"""How busy the last days were, compared with what is usual: months, epidemics, a new scanner. Pure."""

from __future__ import annotations

import numpy as np

from dashboards.volume.hours import HOURS_OF_DAY, Floats

HALF_LIFE_DAYS = 7.0
# As if so many exams had been as usual: one quiet hour more or less moves nothing.
DOUBT_EXAMS = 50.0


def levels(counted: Floats, usually: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """(…, hours): for each hour, what the days before it say, as a factor of `usually`; then (…): for now.

    The last hour is the one before now. Days are counted back from now; none counts for its own hours.
    weight: (hours), 0 where an hour tells nothing.
    """
    hours = counted.shape[-1]
    fade = 0.5 ** (1 / HALF_LIFE_DAYS)
    told = weight > 0
    factors = np.ones_like(counted)
    found, expected = (np.full(counted.shape[:-1], DOUBT_EXAMS) for _ in range(2))
    begins = hours % HOURS_OF_DAY
    for start in range(begins, hours, HOURS_OF_DAY):
        day = slice(start, start + HOURS_OF_DAY)
        factors[..., day] = (found / expected)[..., None]
        found = DOUBT_EXAMS + fade * (found - DOUBT_EXAMS) + (counted[..., day] * told[day]).sum(axis=-1)
        expected = (
            DOUBT_EXAMS + fade * (expected - DOUBT_EXAMS) + (usually[..., day] * told[day]).sum(axis=-1)
        )
    return factors, found / expected
