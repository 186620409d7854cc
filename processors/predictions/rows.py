"""Forecasts as rows of their topic. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from processors.facts import from_us, to_us
from processors.predictions.config import BASELINE, InUse
from processors.predictions.department import MINUTE_US
from processors.predictions.dues import Due, dues
from processors.predictions.exam import PREDICTED, ForecastExam
from processors.predictions.examples import Examples
from processors.predictions.features import CATEGORIES
from processors.predictions.quantiles import P10, P50, P90, chance_within
from schemas.parts import Target
from schemas.views import PredictionRow

_MODALITY = CATEGORIES.index("modality")
# What moves a forecast by less than this is not worth a message, for as long as it is not too old.
_MOVED_MIN, _MOVED_SHARE, _MOVED_CHANCE = 2.0, 0.1, 0.05
_OLD_US = 15 * MINUTE_US
# Further ahead nothing can be written as a time that means something.
_FURTHEST_MIN = 366 * 24 * 60.0


def prediction_id_of(exam_id: str, milestone: str) -> str:
    """Key of a row."""
    return f"{exam_id}|{milestone}"


def forecast_rows(
    exams: Sequence[ForecastExam],
    examples: Examples,
    in_use: InUse,
    targets: Sequence[Target],
    now_us: int,
) -> Iterator[PredictionRow]:
    """What is forecast of `exams`, whose features are `examples`: a row for each milestone to come."""
    due_of = [dues(exam, targets) for exam in exams]
    for place, milestone in enumerate(PREDICTED):
        coming: list[int] = np.flatnonzero(examples.is_coming[:, place]).tolist()
        if not coming:
            continue
        some = [exams[number] for number in coming]
        whose = _Forecast(milestone, some, [due_of[number] for number in coming], now_us)
        yield from whose.rows(examples.take(np.array(coming, dtype=np.int64)), in_use)


@dataclass(frozen=True, slots=True)
class _Forecast:
    milestone: str
    exams: Sequence[ForecastExam]
    dues: Sequence[Mapping[str, Due]]
    now_us: int

    def rows(self, examples: Examples, in_use: InUse) -> Iterator[PredictionRow]:
        forecaster = in_use.forecasters[self.milestone]
        minutes, is_model = forecaster.predicted(examples)
        late = 1.0 - chance_within(minutes, self._minutes_to_due())
        reasons: list[tuple[str, ...]] = [()] * len(examples)
        if forecaster.model is not None and is_model.any():
            reasons = forecaster.model.reasons(forecaster.matrix(examples))
        for number, exam in enumerate(self.exams):
            if not np.isfinite(minutes[number]).all():
                continue
            by_model = bool(is_model[number])
            yield self._row(
                exam,
                minutes[number],
                (self.dues[number].get(self.milestone), float(late[number])),
                (in_use.version, reasons[number]) if by_model else (BASELINE, ()),
            )

    def _minutes_to_due(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        found = [one.get(self.milestone) for one in self.dues]
        return np.array(
            [math.nan if due is None else (due.due_us - self.now_us) / MINUTE_US for due in found],
            dtype=np.float64,
        )

    def _row(
        self,
        exam: ForecastExam,
        minutes: np.ndarray[tuple[int], np.dtype[np.float64]],
        due: tuple[Due | None, float],
        said_by: tuple[str, tuple[str, ...]],
    ) -> PredictionRow:
        target, late = due
        instants = [from_us(self.now_us + int(min(float(one), _FURTHEST_MIN) * MINUTE_US)) for one in minutes]
        return PredictionRow(
            prediction_id=prediction_id_of(exam.exam_id, self.milestone),
            exam_id=exam.exam_id,
            accession_number=exam.accession_number or None,
            site=exam.site,
            modality=exam.modality or None,
            priority=exam.priority or None,
            milestone=self.milestone,
            made_at=from_us(self.now_us),
            p10_at=instants[P10],
            p50_at=instants[P50],
            p90_at=instants[P90],
            interval=None if target is None else target.interval,
            due_at=None if target is None else from_us(target.due_us),
            breach_probability=None if target is None or math.isnan(late) else late,
            reasons=said_by[1],
            model=said_by[0],
        )


def says_something_new(row: PredictionRow, before: PredictionRow) -> bool:
    """Whether `row` moves a forecast that was made before, or that one is old."""
    if (row.model, row.interval, row.due_at) != (before.model, before.interval, before.due_at):
        return True
    if to_us(row.made_at) - to_us(before.made_at) >= _OLD_US:
        return True
    if abs((row.breach_probability or 0.0) - (before.breach_probability or 0.0)) >= _MOVED_CHANCE:
        return True
    left_min = (to_us(row.p50_at) - to_us(row.made_at)) / MINUTE_US
    moved_min = abs(to_us(row.p50_at) - to_us(before.p50_at)) / MINUTE_US
    return moved_min >= max(_MOVED_MIN, _MOVED_SHARE * left_min)
