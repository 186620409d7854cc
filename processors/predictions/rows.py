"""Forecasts as rows of their topic. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from processors.facts import from_us, to_us
from processors.predictions.config import BASELINE, InUse
from processors.predictions.department import MINUTE_US
from processors.predictions.dues import Due, InForce, dues
from processors.predictions.exam import PREDICTED, ForecastExam
from processors.predictions.examples import Examples
from processors.predictions.forecaster import MilestoneForecaster
from processors.predictions.likely_late import late_since
from processors.predictions.quantiles import LEVELS, chance_within
from schemas.views import PredictionRow

Floats = npt.NDArray[np.float64]
_INSTANTS = tuple(f"p{level * 100:02.0f}_at" for level in LEVELS)
# What moves a forecast by less than this is not worth a message, for as long as it is not too old.
_MOVED_MIN, _MOVED_SHARE, _MOVED_CHANCE = 2.0, 0.1, 0.05
_OLD_US = 15 * MINUTE_US
_DECIDES = ("model", "fallback_reason", "interval", "due_at", "late_since_at")
# Further ahead nothing can be written as a time that means something.
_FURTHEST_MIN = 366 * 24 * 60.0

Said = Mapping[str, Mapping[str, PredictionRow]]
"""Rows by exam and milestone."""
_NOTHING: Mapping[str, PredictionRow] = {}


def prediction_id_of(exam_id: str, milestone: str) -> str:
    """Key of a row."""
    return f"{exam_id}|{milestone}"


def forecast_rows(  # noqa: PLR0917 - what a forecast is made of
    exams: Sequence[ForecastExam],
    examples: Examples,
    in_use: InUse,
    in_force: InForce,
    now_us: int,
    said: Said,
) -> Iterator[PredictionRow]:
    """What has to be said of `exams`, whose features are `examples`: rows of milestones to come, if anything
    is new.

    `in_force`: what they are judged by. `said`: what was forecast last, by exam and milestone.
    """
    due_of = [dues(exam, in_force) for exam in exams]
    for place, milestone in enumerate(PREDICTED):
        coming: list[int] = np.flatnonzero(examples.is_coming[:, place]).tolist()
        if not coming:
            continue
        some = [exams[number] for number in coming]
        whose = _Forecast(milestone, some, [due_of[number] for number in coming], now_us, said)
        yield from whose.rows(examples.take(np.array(coming, dtype=np.int64)), in_use)


@dataclass(frozen=True, slots=True)
class _Forecast:
    milestone: str
    exams: Sequence[ForecastExam]
    dues: Sequence[Mapping[str, Due]]
    now_us: int
    before: Said

    def rows(self, examples: Examples, in_use: InUse) -> Iterator[PredictionRow]:
        forecaster, due = in_use.forecasters[self.milestone], self._minutes_to_due()
        said = forecaster.said(examples)
        late, plain_late = (1.0 - chance_within(one, due) for one in (said.minutes, said.plain))
        new: list[tuple[int, PredictionRow]] = []
        for number, exam in enumerate(self.exams):
            if not np.isfinite(said.minutes[number]).all():
                continue
            by_model, plain = bool(said.by_model[number]), said.plain[number]
            before = self.before.get(exam.exam_id, _NOTHING).get(self.milestone)
            row = self._row(
                exam,
                said.minutes[number],
                self.dues[number].get(self.milestone),
                before,
                breach_probability=_known(late[number]),
                reasons=(),
                model=in_use.version if by_model else BASELINE,
                fallback_reason=None if by_model else _why_not(forecaster, exam),
                baseline_min=_baseline(plain),
                baseline_probability=_known(plain_late[number]),
            )
            if before is None or says_something_new(row, before):
                new.append((number, row))
        yield from _with_reasons(new, examples, forecaster)

    def _minutes_to_due(self) -> Floats:
        found = [one.get(self.milestone) for one in self.dues]
        return np.array(
            [math.nan if due is None else (due.due_us - self.now_us) / MINUTE_US for due in found],
            dtype=np.float64,
        )

    def _row(
        self,
        exam: ForecastExam,
        minutes: Floats,
        due: Due | None,
        before: PredictionRow | None,
        **said: Any,
    ) -> PredictionRow:
        after_us = [int(min(float(one), _FURTHEST_MIN) * MINUTE_US) for one in minutes]
        instants: list[Any] = [from_us(self.now_us + one) for one in after_us]
        row = PredictionRow(
            prediction_id=prediction_id_of(exam.exam_id, self.milestone),
            exam_id=exam.exam_id,
            accession_number=exam.accession_number or None,
            site=exam.site,
            modality=exam.modality or None,
            priority=exam.priority or None,
            milestone=self.milestone,
            made_at=from_us(self.now_us),
            interval=None if due is None else due.interval,
            due_at=None if due is None else from_us(due.due_us),
            **dict(zip(_INSTANTS, instants, strict=True)),
            **said,
        )
        return replace(row, late_since_at=late_since(row, before, None if due is None else due.target))


def _with_reasons(
    new: Sequence[tuple[int, PredictionRow]], examples: Examples, forecaster: MilestoneForecaster
) -> Iterator[PredictionRow]:
    """Reasons cost several times what the forecast does: they are asked of what is said alone."""
    asked = [number for number, row in new if row.model != BASELINE]
    reasons: Mapping[int, tuple[str, ...]] = {}
    if forecaster.model is not None and asked:
        matrix = forecaster.matrix(examples.take(np.array(asked, dtype=np.int64)))
        reasons = dict(zip(asked, forecaster.model.reasons(matrix), strict=True))
    for number, row in new:
        yield replace(row, reasons=reasons[number]) if number in reasons else row


def _why_not(forecaster: MilestoneForecaster, exam: ForecastExam) -> str:
    if forecaster.model is None:
        return forecaster.why
    return f"the model was never shown {exam.modality or 'an exam without a modality'}"


def _known(chance: float) -> float | None:
    return None if math.isnan(chance) else float(chance)


def _baseline(plain: Floats) -> tuple[float, ...] | None:
    """To a tenth of a minute: more nobody needs, and so it takes less room."""
    if not np.isfinite(plain).all():
        return None
    return tuple(round(min(float(one), _FURTHEST_MIN), 1) for one in plain)


def says_something_new(row: PredictionRow, before: PredictionRow) -> bool:
    """Whether `row` moves a forecast that was made before, or that one is old."""
    if any(getattr(row, name) != getattr(before, name) for name in _DECIDES):
        return True
    if abs(to_us(row.made_at) - to_us(before.made_at)) >= _OLD_US:
        return True  # or from before the clock was set back
    if abs((row.breach_probability or 0.0) - (before.breach_probability or 0.0)) >= _MOVED_CHANCE:
        return True
    left_min = (to_us(row.p50_at) - to_us(row.made_at)) / MINUTE_US
    moved_min = abs(to_us(row.p50_at) - to_us(before.p50_at)) / MINUTE_US
    return moved_min >= max(_MOVED_MIN, _MOVED_SHARE * left_min)
