"""What the warnings that alerts raised were worth: how many came true, how early, and what none told of."""

from __future__ import annotations

from datetime import datetime, timedelta

from dashboards.analytics import Asks, Row
from dashboards.cards import Json
from dashboards.department import Clock
from dashboards.forecast.counts import share_of

DAYS = 30
# Of what was raised before alerts said when they warned nobody knows; of exams that were called off neither.
RAISED = """
WITH (SELECT min(warned_at) FROM v_alerts) AS first
SELECT
    countIf(warning_came_true IS NOT NULL) AS judged,
    countIf(warning_came_true) AS came_true,
    countIf(is_breach) AS breaches,
    countIf(is_breach AND NOT ifNull(warning_came_true, false)) AS not_warned_of,
    countIf(warning_came_true IS NOT NULL AND warned_by != 'clock') AS by_forecast,
    countIf(warning_came_true AND warned_by != 'clock') AS by_forecast_true,
    quantilesExactIf(0.1, 0.5, 0.9)(warned_before_s / 60, ifNull(warning_came_true, false)) AS before_min
FROM (SELECT *, state IN ('breached', 'resolved') AS is_breach FROM v_alerts)
WHERE first IS NOT NULL AND due_at > {since:DateTime64(6, 'UTC')} AND due_at >= first
  AND due_at <= {now:DateTime64(6, 'UTC')} AND state != 'withdrawn' AND closed_by != 'cancelled'
"""


class RaisedWarnings:
    """Asks ClickHouse. Raises AnalyticsUnavailable."""

    def __init__(self, analytics: Asks, clock: Clock) -> None:
        self._analytics, self._clock = analytics, clock

    async def now(self) -> Json:
        """Of the last 30 days."""
        (row,) = await self._analytics.ask(RAISED, asked(self._clock.now(), DAYS))
        return raised(row, DAYS)


def asked(now: datetime, days: int) -> dict[str, datetime]:
    """The parameters of RAISED: alerts that were due in the `days` before `now`."""
    return {"since": now - timedelta(days=days), "now": now}


def raised(row: Row, days: int) -> Json:
    """A row of RAISED as pages and programs get it, with a sentence.

    precision: of the warnings that are decided, how many came true; recall: of the breaches, how many a
    warning stood before. before_min: its 10th, 50th and 90th percentile, None where none came true.
    """
    came_true, breaches = int(row["came_true"]), int(row["breaches"])
    names = ("judged", "came_true", "breaches", "not_warned_of", "by_forecast", "by_forecast_true")
    found: Json = {name: int(row[name]) for name in names}
    spread = [round(float(one), 1) for one in row["before_min"]] if came_true else None
    found |= {
        "days": days,
        "precision": share_of(came_true, found["judged"]),
        "recall": share_of(breaches - found["not_warned_of"], breaches),
        "before_min": spread,
    }
    return found | {"says": _says(found)}


def _says(found: Json) -> str:
    judged, true = found["judged"], found["came_true"]
    if not judged and not found["breaches"]:
        return f"In the last {found['days']} days no alert was raised, neither a warning nor a breach."
    said = f"Of {judged} warnings of the last {found['days']} days {true} came true"
    if judged:
        said += f" ({true / judged:.0%})".replace("%", " %")
    if found["before_min"] is not None:
        said += f", the median {found['before_min'][1]:.0f} min before"
    missed = found["not_warned_of"]
    return (
        f"{said}; {missed} of {found['breaches']} breaches {'was' if missed == 1 else 'were'} not warned of."
    )
