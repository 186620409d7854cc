"""What a track record is asked of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from dashboards.questions import BadQuestion
from schemas.forecast_record import FORECAST
from schemas.intervals import MILESTONES

PERIODS_DAYS = (7, 30)


@dataclass(frozen=True, slots=True)
class OfForecasts:
    """Which forecasts; what is empty lets all through."""

    milestone: str = ""
    modality: str = ""
    priority: str = ""

    def wanted(self) -> dict[str, str]:
        """By column."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def words(self) -> str:
        """As a sentence names them; empty where they are all."""
        label = MILESTONES[self.milestone].label if self.milestone else ""
        return ", ".join(filter(None, (label, self.modality, self.priority)))


def read_forecasts(asked: Mapping[str, str]) -> OfForecasts:
    """Raises BadQuestion."""
    milestone = asked.get("milestone", "")
    if milestone and milestone not in FORECAST:
        raise BadQuestion(f"milestone must be one of {', '.join(FORECAST)}")
    return OfForecasts(milestone, asked.get("modality", ""), asked.get("priority", ""))


def read_days(asked: Mapping[str, str]) -> int:
    """Of how many days, today among them. Raises BadQuestion."""
    days = asked.get("days") or str(PERIODS_DAYS[0])
    if days not in map(str, PERIODS_DAYS):
        raise BadQuestion(f"days must be {' or '.join(map(str, PERIODS_DAYS))}")
    return int(days)
