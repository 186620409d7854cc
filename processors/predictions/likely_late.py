"""Since when a target is likely to be missed, told apart from what merely flickers. Pure."""

from __future__ import annotations

from datetime import datetime

from processors.alerts.outlook import BY_MODEL
from schemas.forecast_features import BASELINE
from schemas.parts import Target
from schemas.views import PredictionRow


def late_since(row: PredictionRow, before: PredictionRow | None, target: Target | None) -> datetime | None:
    """Since when without a break; `before`: what was said last of the same milestone.

    It begins at one probability and ends below a lower one, so what lies between changes nothing. That it
    stands in the row makes the last row enough to know it by: who reads it needs none of those before.
    """
    likely = row.breach_probability
    if target is None or likely is None or target.warn_probability is None:
        return None
    if target.warn_by == BY_MODEL and row.model == BASELINE:
        return None
    if before is not None and before.late_since_at is not None and _is_of_the_same(row, before):
        until = target.warn_until_probability
        return before.late_since_at if likely >= (until or 0.0) else None
    return row.made_at if likely >= target.warn_probability else None


def _is_of_the_same(row: PredictionRow, before: PredictionRow) -> bool:
    return (row.interval, row.due_at) == (before.interval, before.due_at)
