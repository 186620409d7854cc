"""What a forecast says of an interval under way: whether to warn of it, and for how long it counts. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from processors.facts import to_us
from schemas.forecast_features import BASELINE
from schemas.parts import Target
from schemas.views import PredictionRow

_SECOND_US = 1_000_000
OLD_AFTER_US = 20 * 60 * _SECOND_US
"""A forecast that is older raises no warning, and keeps none back."""
BY_MODEL, BY_ANY = "model", "any"

Forecasts = Mapping[str, PredictionRow]
"""Of one exam, by milestone."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What `forecast` means for warnings. Times in microseconds since the epoch, UTC.

    warns_us: from when on it warns, None where it does not. counts_until_us: until then it is the forecast
    that decides, and not the clock.
    """

    forecast: PredictionRow
    warns_us: int | None
    counts_until_us: int


def outlook(
    forecasts: Forecasts, interval: str, milestone: str, due_us: int, target: Target
) -> Outlook | None:
    """Of an interval that ends with `milestone`; None where no forecast is of it, or none counts."""
    forecast = forecasts.get(milestone)
    if forecast is None or target.warn_by is None or forecast.breach_probability is None:
        return None
    if target.warn_by == BY_MODEL and forecast.model == BASELINE:
        return None
    if forecast.interval != interval or forecast.due_at is None or to_us(forecast.due_at) != due_us:
        return None  # of another interval, or judged by other targets than it is
    counts_until_us = to_us(forecast.made_at) + OLD_AFTER_US
    warns_us = None
    if forecast.late_since_at is not None:
        warns_us = to_us(forecast.late_since_at) + (target.warn_for_s or 0) * _SECOND_US
    if warns_us is not None and warns_us > counts_until_us:
        warns_us = None
    return Outlook(forecast, warns_us, counts_until_us)


class KnownForecasts:
    """The latest forecast of each milestone to come, by exam; a repeated or earlier one changes nothing."""

    def __init__(self) -> None:
        self._of: dict[str, dict[str, PredictionRow]] = {}

    def put(self, prediction_id: str, row: PredictionRow | None) -> str | None:
        """Take what the topic says; the id of the exam of which that is news, None where it is none."""
        exam_id, _, milestone = prediction_id.rpartition("|")
        known = self._of.get(exam_id, {}).get(milestone)
        if row is None:
            return None if known is None else self._taken_back(exam_id, milestone)
        if known is not None and known.made_at >= row.made_at:
            return None
        self._of.setdefault(exam_id, {})[milestone] = row
        return exam_id

    def _taken_back(self, exam_id: str, milestone: str) -> str:
        del self._of[exam_id][milestone]
        if not self._of[exam_id]:
            del self._of[exam_id]
        return exam_id

    def of(self, exam_id: str) -> Forecasts:
        """What is forecast of an exam."""
        return self._of.get(exam_id, {})

    @property
    def exams(self) -> int:
        """Of how many exams anything is forecast."""
        return len(self._of)

    def forget(self, exam_id: str) -> None:
        """Nothing more is asked of the exam."""
        self._of.pop(exam_id, None)
