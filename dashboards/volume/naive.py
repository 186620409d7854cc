"""What anybody could say without a model: the same hour of the last eight weeks. Pure."""

from __future__ import annotations

import numpy as np

from dashboards.volume.counts import Counts
from dashboards.volume.hours import Floats
from dashboards.volume.spread import LEVELS

WEEKS = 8


def naive_hours(counts: Counts, leads: int) -> Floats:
    """(levels, step, modality, lead) of the `leads` hours to come; NaN where no such hour was."""
    found = np.full((len(LEVELS), *counts.steps.shape[:2], leads), np.nan)
    of_week = counts.hours.of_week
    for lead in range(leads):
        places = np.flatnonzero(of_week[: counts.now] == of_week[counts.now + lead])[-WEEKS:]
        if len(places):
            found[..., lead] = np.quantile(counts.steps[..., places], LEVELS, axis=-1)
    return found
