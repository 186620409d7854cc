"""What a track record of forecasts counts: of held-out days when a model is trained, and of live ones later.

Both are lists of rows with these columns, and any of them can be summed, so that a page shows the same
figures of both. A name in them is kept beside every model (`record.json`): it never gets another meaning.
"""

from __future__ import annotations

from bisect import bisect_right

FORECAST = ("started", "study_stored", "preliminary", "final")
"""The milestones that are forecast, in the order in which an exam comes to them."""

GROUP = ("milestone", "modality", "priority")
"""Whose forecasts a row counts. An exam of which no priority was said is a routine one."""
PRIORITY_UNSAID = "ROUTINE"

DAY_COUNTS = (
    "forecasts",
    "by_baseline",
    "inside_80",
    "judged_90",
    "inside_90",
    "scored",
    "loss_min",
    "baseline_loss_min",
    "error_min",
    "baseline_error_min",
)
"""forecasts: how many. by_baseline: of these, how many no model made. inside_80: what came from P10 to P90.
inside_90: from P05 to P95, of judged_90. Of scored, which the baseline can say something of as well:
loss_min, the sum of each one's mean pinball loss over the seven quantiles; error_min, of the distances to the
median, both in minutes, and the same of the baseline."""
DAYS = (*GROUP, "day", *DAY_COUNTS)

TENTH_COUNTS = ("forecasts", "said", "happened", "scored", "squared", "baseline_squared")
"""Of forecasts that have a target and a breach probability in this tenth: the sum of the probabilities, how
many missed the target; of scored the sum of squared distances (Brier), and the baseline's."""
TENTHS = (*GROUP, "tenth", *TENTH_COUNTS)

THRESHOLDS = tuple(round(step / 20, 2) for step in range(1, 20))
"""Breach probabilities at which somebody may be warned."""
LEAD_FROM_MIN = (0, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240)
"""Where each bin of the minutes between warning and breach begins; the last has no end."""
WARNINGS = (
    "milestone",
    "threshold",
    "intervals",
    "breaches",
    "warned",
    "came_true",
    "lead_p10_min",
    "lead_p50_min",
    "lead_p90_min",
    "leads",
)
"""Of intervals with a target: how many missed it, of how many the probability went over the threshold before
they were due, and how many of these then missed it; minutes from then until they were due, null where there
are none, and how many in each bin. milestone: empty for all."""


def lead_bin(lead_min: float) -> int:
    """The bin that so many minutes belong to."""
    return max(0, bisect_right(LEAD_FROM_MIN, lead_min) - 1)
