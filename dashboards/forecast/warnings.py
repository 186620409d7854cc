"""What warnings by breach probability were worth in the last 30 days, at every threshold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from dashboards.analytics import Asks, Row
from dashboards.cards import Json
from dashboards.department import Clock, day_bounds
from dashboards.forecast.counts import share_of
from dashboards.forecast.question import PERIODS_DAYS, OfForecasts
from dashboards.forecast.warnings_sql import WARNINGS
from schemas.forecast_record import LEAD_FROM_MIN
from schemas.parts import Target

DAYS = PERIODS_DAYS[-1]
_SPREAD = ("lead_p10_min", "lead_p50_min", "lead_p90_min")


class Warnings:
    """Asks ClickHouse. Raises AnalyticsUnavailable."""

    def __init__(self, analytics: Asks, clock: Clock) -> None:
        self._analytics, self._clock = analytics, clock

    async def of(self, forecasts: OfForecasts) -> list[Json]:
        """A row for each threshold; none where nothing was due."""
        start, _ = day_bounds(self._clock.today() - timedelta(days=DAYS - 1), self._clock.zone())
        parameters = {"start": start, "now": self._clock.now(), **forecasts.wanted()}
        rows = await self._analytics.ask(WARNINGS, parameters)
        return [told(_spread_out(row)) for row in rows]


def thresholds_in_use(targets: Sequence[Target]) -> list[float]:
    """The probabilities at which alerts warn now, that of most targets first; empty where none does."""
    said = Counter(one.warn_probability for one in targets if one.warn_probability is not None)
    return [probability for probability, _ in said.most_common()]


def told(row: Row) -> Json:
    """One threshold of schemas.forecast_record.WARNINGS, as the page gets it.

    precision: of the warnings, how many came true; recall: of the breaches, how many were warned of.
    """
    return {
        **{name: row[name] for name in ("threshold", "intervals", "breaches", "warned", "came_true")},
        **{name: row[name] for name in _SPREAD},
        "precision": share_of(row["came_true"], row["warned"]),
        "recall": share_of(row["came_true"], row["breaches"]),
        "leads": [
            {"from_min": from_min, "to_min": to_min, "breaches": int(count)}
            for from_min, to_min, count in zip(
                LEAD_FROM_MIN, (*LEAD_FROM_MIN[1:], None), row["leads"], strict=True
            )
        ],
    }


def _spread_out(row: Row) -> Json:
    known = row["spread_min"] if row["came_true"] else [None] * len(_SPREAD)
    return {**row, **dict(zip(_SPREAD, known, strict=True))}
